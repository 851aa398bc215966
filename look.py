"""Shows what becomes of one sprite in noise: `python look.py run=runs/first panel=Bob`.

`panel=` is what the network thinks of it at every noise level, `variations=` who it becomes level
by level, `noising=` its way into noise, which needs no run: `python look.py noising=bob.png`.
"""

from diffusion.commands.look import main

if __name__ == "__main__":
    main()
