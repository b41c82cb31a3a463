"""Reads one text a line and prints it as python-stdnum has it: the plain form of a CPF or a CNPJ that is valid, else nothing.

Its first line names the version.
"""

import sys
from importlib.metadata import version

from stdnum.br import cnpj, cpf

print("python-stdnum", version("python-stdnum"))
for line in sys.stdin:
    text = line.rstrip("\n")
    if cpf.is_valid(text):
        print(cpf.compact(text))
    else:
        print(cnpj.compact(text) if cnpj.is_valid(text) else "")
