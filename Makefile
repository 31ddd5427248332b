# Thin wrapper: everything is in reproduce.py.
.PHONY: all test lab check
all:
	python3 reproduce.py
test lab check:
	python3 reproduce.py $@
