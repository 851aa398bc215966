"""Makes sprites from a trained run: `python sample.py run=runs/first n=64 sampler.steps=20`.

`from=bob.png noise_level=0.5` makes variants of a sprite; `export=mine.safetensors` writes the
network for others, and `run=` takes such a file. Views of one sprite are look.py's.
"""

from diffusion.commands.sample import main

if __name__ == "__main__":
    main()
