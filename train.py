"""Trains a diffusion model on sprites: `python train.py data=array data.path=sprites.npz`.

The same command on the same directory continues; `python train.py --help` lists the choices.
"""

from diffusion.commands.train import main

if __name__ == "__main__":
    main()
