"""Judges trained runs in one HTML file: `python report.py runs=[runs/first]`.

`images=FILE.npz data=array data.path=...` judges sprites from anywhere, and `motion=walk.gif`
looks through frames.
"""

from diffusion.commands.report import main

if __name__ == "__main__":
    main()
