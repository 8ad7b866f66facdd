"""One execution, the parent side: the controller, the world it keeps, the zygote it forks from."""
