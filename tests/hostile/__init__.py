"""Files and commands from strangers that must end in one sentence: generated, a class a module."""
