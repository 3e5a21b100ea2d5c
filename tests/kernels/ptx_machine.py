"""A machine for the PTX of the kernels: warps in lockstep, two dozen verbs, branches only forward."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Lanes = npt.NDArray[np.uint64]
MASK = {"16": 0xFFFF, "32": 0xFFFFFFFF, "64": 0xFFFFFFFFFFFFFFFF}
BYTES = np.arange(4, dtype=np.uint64) * np.uint64(8)


def dot_bytes(a: Lanes, b: Lanes, c: Lanes) -> Lanes:
    """`dp4a.u32.u32`: the products of the bytes of a and b, added to c."""
    return c + (((a[:, None] >> BYTES) & 0xFF) * ((b[:, None] >> BYTES) & 0xFF)).sum(-1)


def permute_bytes(a: Lanes, b: Lanes, selector: Lanes) -> Lanes:
    """`prmt.b32`: a byte of b‖a for each nibble of the selector, or with its top bit that byte's sign."""
    result = np.zeros_like(a)
    for i in range(4):
        nibble = (selector >> np.uint64(4 * i)) & np.uint64(15)
        byte = ((a | b << np.uint64(32)) >> ((nibble & np.uint64(7)) * np.uint64(8))) & np.uint64(0xFF)
        byte = np.where(nibble > 7, (byte >> np.uint64(7)) * np.uint64(0xFF), byte)
        result |= byte << np.uint64(8 * i)
    return result


def add_floats(a: Lanes, b: Lanes) -> Lanes:
    """`add.f32` of bits."""
    total = a.astype(np.uint32).view(np.float32) + b.astype(np.uint32).view(np.float32)
    return total.view(np.uint32).astype(np.uint64)


ARITHMETIC: dict[str, Callable[..., Lanes]] = {
    "mov": lambda a: a,
    "cvt": lambda a: a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "mad": lambda a, b, c: a * b + c,
    "div": lambda a, b: a // b,
    "and": lambda a, b: a & b,
    "shl": lambda a, b: a << b,
    "shr": lambda a, b: a >> b,
    "bfe": lambda a, start, length: a >> start & ((np.uint64(1) << length) - np.uint64(1)),
    "selp": lambda a, b, p: np.where(p != 0, a, b),
    "dp4a": dot_bytes,
    "prmt": permute_bytes,
}


COMPARISONS = {"ne": np.not_equal, "eq": np.equal, "lt": np.less}


class Machine:
    """Global and shared memory as bytes; a register holds one number for each thread."""

    def __init__(self, source: bytes, size: int) -> None:
        self.source = source
        self.shared = bytearray(b"\xee" * size)
        self.registers: dict[str, Lanes] = {}
        self.threads = 0
        # Threads that branched, by label, until it is reached.
        self.away: dict[str, npt.NDArray[np.bool_]] = {}

    def run(self, text: str, threads: int, arguments: list[int | Lanes], first: int = 1) -> bytearray:
        """Run all threads over the arguments `$first …`; return the shared memory."""
        self.threads = threads
        thread = np.arange(threads, dtype=np.uint64)
        self.registers = {"%tid.x": thread, "%laneid": thread % 32}
        for index, value in enumerate(arguments):
            self.registers[f"${first + index}"] = np.zeros(threads, np.uint64) + np.asarray(value, np.uint64)
        body = text.strip().removeprefix("{").removesuffix("}")
        for line in body.split(";"):
            if line.strip() and not line.strip().startswith(".reg"):
                self._step(line.strip())
        return self.shared

    def _step(self, line: str) -> None:
        """Run one line, in the threads that its guard admits and that have not branched past it."""
        if label := re.fullmatch(r"(\w+):", line):
            self.away.pop(label[1], None)
            return
        guard = re.match(r"@(\w+)\s+", line)
        active = self.registers[guard[1]] != 0 if guard else np.ones(self.threads, bool)
        for gone in self.away.values():
            active &= ~gone
        name, _, rest = line[guard.end() if guard else 0 :].partition(" ")
        operands = re.findall(r"\{[^}]*\}|\[[^\]]*\]|[^,\s]+", rest)
        if name == "bra":
            self.away[operands[0]] = active
        elif any("{" in operand for operand in operands) and name == "mov.b32":
            self._split_or_join(operands, active)
        elif name.split(".")[0] in {"ld", "st", "shfl", "mma"} or name.startswith("cp.async.cg"):
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
        elif verb == "mma":
            self._multiply([self._names(operand) for operand in operands])
        else:
            for thread in np.flatnonzero(active):
                data = self._read(self.source, self._address(operands[1])[thread], 16)
                self._write(self._address(operands[0])[thread], data)

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
        elif name == "add.f32":
            self._set(operands[0], add_floats(*(self._value(operand) for operand in values)), active)
        elif verb in ARITHMETIC:
            wide = name.split(".")[-2 if verb == "cvt" else -1] == "u64" or ".wide." in name
            result = ARITHMETIC[verb](*(self._value(operand) for operand in values))
            self._set(operands[0], result & np.uint64(MASK["64" if wide else "32"]), active)
        else:
            assert name.startswith(("bar.warp", "cp.async.commit", "cp.async.wait")), name

    def _move(self, verb: str, name: str, operands: list[str], active: npt.NDArray[np.bool_]) -> None:
        """Load or store one word or several of 16 or 32 bits."""
        size = int(name[-2:]) // 8
        names = self._names(operands[verb == "st"])
        address = self._address(operands[verb == "ld"])
        memory = self.source if ".global" in name else self.shared
        loaded = np.zeros((len(names), self.threads), np.uint64)
        for thread in np.flatnonzero(active):
            assert address[thread] % (size * len(names)) == 0
            if verb == "ld":
                data = self._read(memory, address[thread], size * len(names))
                loaded[:, thread] = np.frombuffer(data, f"<u{size}")
            else:
                words = [int(self._value(word)[thread]) & MASK[str(8 * size)] for word in names]
                self._write(address[thread], b"".join(word.to_bytes(size, "little") for word in words))
        if verb == "ld":
            for word, values in zip(names, loaded, strict=True):
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

    def _multiply(self, operands: list[list[str]]) -> None:
        """`mma.m16n8k16` of bfloat16, fragments as in the PTX ISA; sums are float32 bits."""
        sums, weights, x, _ = operands
        for warp in range(0, self.threads, 32):
            a, b, c = np.zeros((16, 16)), np.zeros((16, 8)), np.zeros((16, 8))
            for lane in range(32):
                row, pair = divmod(lane, 4)
                for i, name in enumerate(weights):
                    a[row + i % 2 * 8, 2 * pair + i // 2 * 8 :][:2] = self._halves(name, warp + lane)
                for i, name in enumerate(x):
                    b[2 * pair + i * 8 :, row][:2] = self._halves(name, warp + lane)
                for i, name in enumerate(sums):
                    bits = np.uint32(self.registers[name][warp + lane])
                    c[row + i // 2 * 8, 2 * pair + i % 2] = bits.view(np.float32)
            c += a @ b
            for lane in range(32):
                row, pair = divmod(lane, 4)
                for i, name in enumerate(sums):
                    value = np.float32(c[row + i // 2 * 8, 2 * pair + i % 2])
                    self.registers[name][warp + lane] = value.view(np.uint32)

    def _halves(self, name: str, thread: int) -> npt.NDArray[np.float32]:
        word = int(self.registers[name][thread])
        return np.array([word << 16 & 0xFFFF0000, word & 0xFFFF0000], np.uint32).view(np.float32)

    def _read(self, memory: bytes | bytearray, address: int, size: int) -> bytes:
        assert address + size <= len(memory), "reads past the end"
        return bytes(memory[int(address) : int(address) + size])

    def _write(self, address: int, data: bytes) -> None:
        assert address + len(data) <= len(self.shared), "writes past the end of the buffer"
        self.shared[int(address) : int(address) + len(data)] = data

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
