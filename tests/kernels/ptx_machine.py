"""A machine for the PTX of the kernels: warps in lockstep, three dozen verbs, uniform loops."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import numpy.typing as npt

from tests.kernels.ptx_arithmetic import ARITHMETIC, FLOATS, MASK, Lanes
from tests.kernels.ptx_products import dense_product, sparse_product

COMPARISONS = {"ne": np.not_equal, "eq": np.equal, "lt": np.less, "ge": np.greater_equal}


@cache
def parse(line: str) -> tuple[str, str, list[str]]:
    """Guard, or nothing, verb and operands of a line."""
    guard = re.match(r"@(\w+)\s+", line)
    name, _, rest = line[guard.end() if guard else 0 :].partition(" ")
    return guard[1] if guard else "", name, re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+", rest)


class Machine:
    """Global and shared memory as bytes; a register holds one number for each thread."""

    def __init__(self, source: bytes, size: int) -> None:
        self.source = np.frombuffer(source, np.uint8)
        self.shared = np.full(size, 0xEE, np.uint8)
        self.registers: dict[str, Lanes] = {}
        self.threads = 0
        self.program = 0
        # Threads that branched, by label, until it is reached.
        self.away: dict[str, npt.NDArray[np.bool_]] = {}

    def run(
        self, text: str, threads: int, arguments: list[int | Lanes], first: int = 1
    ) -> npt.NDArray[np.uint8]:
        """Run all threads over the arguments `$first …`; return the shared memory."""
        self.threads = threads
        thread = np.arange(threads, dtype=np.uint64)
        self.registers = {"%tid.x": thread, "%laneid": thread % 32}
        self.registers["%ctaid.x"] = np.full(threads, self.program, np.uint64)
        for index, value in enumerate(arguments):
            self.registers[f"${first + index}"] = np.zeros(threads, np.uint64) + np.asarray(value, np.uint64)
        body = text.strip().removeprefix("{").removesuffix("}")
        lines = [line.strip() for line in re.sub(r"(\w+:) ", r"\1;", body).split(";")]
        self._run_lines([line for line in lines if line and not line.startswith(".reg")])
        return self.shared

    def _run_lines(self, lines: list[str]) -> None:
        """Run lines in order, from a label again where threads branch back to it."""
        labels = {line[:-1]: number for number, line in enumerate(lines) if line.endswith(":")}
        number = 0
        while number < len(lines):
            target = labels.get(lines[number].rpartition("bra ")[2], len(lines))
            if target < number and self._active(lines[number]).any():
                number = target
            else:
                self._step(lines[number])
                number += 1

    def _active(self, line: str) -> npt.NDArray[np.bool_]:
        """Threads that a line's guard admits and that have not branched past it."""
        guard = parse(line)[0]
        active = self.registers[guard] != 0 if guard else np.ones(self.threads, bool)
        for gone in self.away.values():
            active = active & ~gone
        return active

    def _step(self, line: str) -> None:
        """Run one line, in the threads that its guard admits and that have not branched past it."""
        if label := re.fullmatch(r"(\w+):", line):
            self.away.pop(label[1], None)
            return
        active = self._active(line)
        _, name, operands = parse(line)
        if name == "bra":
            # Threads may have branched there from an earlier line, and are not among the active ones.
            self.away[operands[0]] = self.away.get(operands[0], np.zeros(self.threads, bool)) | active
        elif any("{" in operand for operand in operands) and name == "mov.b32":
            self._split_or_join(operands, active)
        elif name.split(".")[0] in {"ld", "st", "shfl", "mma", "ldmatrix"} or name.startswith("cp.async.cg"):
            self._exchange(name, operands, active)
        else:
            self._calculate(name, operands, active)

    def _exchange(self, name: str, operands: list[str], active: npt.NDArray[np.bool_]) -> None:
        """What reaches memory or other lanes."""
        verb = name.split(".", maxsplit=1)[0]
        if verb in {"ld", "st"}:
            self._move(verb, name, operands, active)
        elif verb == "shfl":
            self._shuffle(name, operands)
        elif verb == "ldmatrix":
            self._read_matrices(self._names(operands[0]), self._address(operands[1]))
        elif verb == "mma":
            parts = [np.array([self._value(name) for name in self._names(part)]) for part in operands]
            product = sparse_product if name.startswith("mma.sp") else dense_product
            for register, values in zip(self._names(operands[0]), product(*parts[1:]), strict=True):
                self._set(register, values, active)
        else:
            self._copy([self._address(operand) for operand in operands[:2]], operands[3:], active)

    def _copy(self, places: list[Lanes], size: list[str], active: npt.NDArray[np.bool_]) -> None:
        """`cp.async` of 16 bytes; where a size is given and 0, zeros."""
        whole = active & (self._value(size[0]) != 0) if size else active
        data = np.zeros((self.threads, 16), np.uint8)
        data[whole] = self._read(self.source, places[1][whole], 16)
        self._write(places[0][active], data[active])

    def _read_matrices(self, names: list[str], address: Lanes) -> None:
        """`ldmatrix.x4`: lanes give the addresses of 4 · 8 rows, and get the word t of row lane div 4."""
        lane = np.arange(self.threads)
        for matrix, name in enumerate(names):
            at = address[lane // 32 * 32 + 8 * matrix + lane % 32 // 4] + 4 * (lane % 4).astype(np.uint64)
            words = self._read(self.shared, at, 4).view(np.uint32)[:, 0]
            self._set(name, words, np.ones(self.threads, bool))

    def _split_or_join(self, operands: list[str], active: npt.NDArray[np.bool_]) -> None:
        """`mov.b32` between a word and its halves."""
        if operands[0].startswith("{"):
            low, high = self._names(operands[0])
            value = self._value(operands[1])
            self._set(low, value & np.uint64(0xFFFF), active)
            self._set(high, value >> np.uint64(16), active)
        else:
            low, high = (self._value(half) for half in self._names(operands[1]))
            self._set(operands[0], low | high << np.uint64(16), active)

    def _calculate(self, name: str, operands: list[str], active: npt.NDArray[np.bool_]) -> None:
        verb = name.split(".", maxsplit=1)[0]
        values = operands[1:]
        if verb == "setp":
            compare = COMPARISONS[name.split(".")[1]]
            self._set(operands[0], compare(*(self._signed(operand) for operand in values)), active)
        elif name in FLOATS:
            self._set(operands[0], FLOATS[name](*(self._value(operand) for operand in values)), active)
        elif verb in ARITHMETIC:
            wide = name.split(".")[-2 if verb == "cvt" else -1] == "u64" or ".wide." in name
            result = ARITHMETIC[verb](*(self._value(operand) for operand in values))
            self._set(operands[0], result & np.uint64(MASK["64" if wide else "32"]), active)
        else:
            assert name.startswith(("bar.", "cp.async.commit", "cp.async.wait")), name

    def _move(self, verb: str, name: str, operands: list[str], active: npt.NDArray[np.bool_]) -> None:
        """Load or store one word or several of 16 or 32 bits."""
        size = int(name[-2:]) // 8
        names = self._names(operands[verb == "st"])
        address = self._address(operands[verb == "ld"])
        memory = self.source if ".global" in name else self.shared
        assert not (address[active] % (size * len(names))).any(), "the address is not aligned"
        if verb == "st":
            words = np.stack([self._value(word)[active] for word in names], -1).astype(f"<u{size}")
            self._write(address[active], words.view(np.uint8))
            return
        loaded = np.zeros((self.threads, len(names)), np.uint64)
        loaded[active] = self._read(memory, address[active], size * len(names)).view(f"<u{size}")
        for word, values in zip(names, loaded.T, strict=True):
            self._set(word, values, active)

    def _shuffle(self, name: str, operands: list[str]) -> None:
        """`shfl.sync` within warps; the predicate says which lanes had a partner."""
        lane = np.arange(self.threads)
        amount = int(self._value(operands[2])[0])
        source = lane // 32 * 32 + amount if ".idx." in name else lane - amount
        reached = source // 32 == lane // 32 if ".idx." in name else lane % 32 >= amount
        result, _, predicate = operands[0].partition("|")
        everyone = np.ones(self.threads, bool)
        values = self._value(operands[1])[np.where(reached, source, lane)]
        self._set(result, values, everyone)
        if predicate:
            self._set(predicate, reached, everyone)

    def _read(self, memory: npt.NDArray[np.uint8], address: Lanes, size: int) -> npt.NDArray[np.uint8]:
        """Bytes (addresses, size)."""
        at = address.astype(np.int64)[:, None] + np.arange(size)
        assert (at < len(memory)).all(), "reads past the end"
        return memory[at]

    def _write(self, address: Lanes, data: npt.NDArray[np.uint8]) -> None:
        at = address.astype(np.int64)[:, None] + np.arange(data.shape[1])
        assert (at < len(self.shared)).all(), "writes past the end of the buffer"
        self.shared[at] = data

    def _set(self, name: str, values: npt.NDArray[np.generic], active: npt.NDArray[np.bool_]) -> None:
        before = self.registers.get(name, np.zeros(self.threads, np.uint64))
        self.registers[name] = np.where(active, values.astype(np.uint64), before)

    def _names(self, operand: str) -> list[str]:
        return re.findall(r"[$\w]+", operand)

    def _address(self, operand: str) -> Lanes:
        parts = [self._value(part) for part in operand.strip("[]").split("+")]
        return np.sum(parts, axis=0, dtype=np.uint64)

    def _signed(self, operand: str) -> npt.NDArray[np.int32]:
        return self._value(operand).astype(np.uint32).view(np.int32)

    def _value(self, operand: str) -> Lanes:
        if operand in self.registers:
            return self.registers[operand]
        number = int(re.sub("^0f", "0x", operand), 0)
        return np.full(self.threads, number & MASK["64"], np.uint64)
