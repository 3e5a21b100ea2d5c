"""A machine for the PTX of copies to shared memory: straight lines of a dozen verbs, thread by thread."""

from __future__ import annotations

import re
from collections.abc import Callable

MASK = {"32": (1 << 32) - 1, "64": (1 << 64) - 1}
ARITHMETIC: dict[str, Callable[..., int]] = {
    "mov": lambda a: a,
    "cvt": lambda a: a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "mad": lambda a, b, c: a * b + c,
    "div": lambda a, b: a // b,
    "and": lambda a, b: a & b,
    "bfe": lambda a, start, length: a >> start & (1 << length) - 1,
}


class Machine:
    """Memory as bytes; `registers` of the thread that runs."""

    def __init__(self, source: bytes, size: int) -> None:
        self.source = source
        self.shared = bytearray(b"\xee" * size)
        self.registers: dict[str, int] = {}

    def run(self, text: str, threads: int, arguments: list[int]) -> bytearray:
        """Run every thread over `$1 …`; return the shared memory."""
        lines = [line.strip() for line in text.strip()[1:-1].split(";") if line.strip()]
        for thread in range(threads):
            self.registers = {"%tid.x": thread} | {f"${i + 1}": value for i, value in enumerate(arguments)}
            for line in lines:
                self._step(line)
        return self.shared

    def _step(self, line: str) -> None:
        guard = re.match(r"@(\w+)\s+", line)
        if guard:
            if not self.registers[guard[1]]:
                return
            line = line[guard.end() :]
        name, _, rest = line.partition(" ")
        operands = re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+", rest)
        verb = name.split(".")[0]
        if verb == "ld":
            self._load(operands)
        elif verb == "st":
            self._store(int(name[-2:]) // 8, operands)
        elif verb == "setp":
            self.registers[operands[0]] = int(self._value(operands[1]) < self._value(operands[2]))
        elif name == "mov.b32" and operands[0].startswith("{"):
            low, high = self._names(operands[0])
            value = self._value(operands[1])
            self.registers |= {low: value & 0xFFFF, high: value >> 16}
        elif verb:
            width = "64" if name.split(".")[-2 if verb == "cvt" else -1] == "u64" else "32"
            values = [self._value(operand) for operand in operands[1:]]
            self.registers[operands[0]] = ARITHMETIC[verb](*values) & MASK[width]

    def _load(self, operands: list[str]) -> None:
        address = self._address(operands[1])
        assert address % 16 == 0
        assert address + 16 <= len(self.source), "reads past the end of x"
        for index, name in enumerate(self._names(operands[0])):
            word = self.source[address + 4 * index : address + 4 * index + 4]
            self.registers[name] = int.from_bytes(word, "little")

    def _store(self, size: int, operands: list[str]) -> None:
        address = self._address(operands[0])
        for index, name in enumerate(self._names(operands[1])):
            start = address + size * index
            assert start % size == 0
            assert start + size <= len(self.shared), "writes past the end of the buffer"
            self.shared[start : start + size] = (self._value(name) & (1 << 8 * size) - 1).to_bytes(
                size, "little"
            )

    def _names(self, operand: str) -> list[str]:
        return re.findall(r"\w+", operand)

    def _address(self, operand: str) -> int:
        return sum(self._value(part) for part in operand.strip("[]").split("+"))

    def _value(self, operand: str) -> int:
        return self.registers[operand] if operand in self.registers else int(operand, 0)
