"""The demo: a web shop that is made up, its logs of three days, and one incident to find."""
