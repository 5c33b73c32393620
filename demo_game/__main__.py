"""`python -m demo_game`."""

from demo_game.play import main

if __name__ == "__main__":
    main()
