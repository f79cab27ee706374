"""Functions on numbers, written in a small part of Python, as LLVM text.

What is understood: functions with annotated arguments (a record of tables, ``int``, ``float``, ``bool``); assignments
to names, to entries of tables and to whole numbers of the record; ``if``, ``while``, ``for ... in range(n)``,
``return``; arithmetic, comparisons of two values, ``and``, ``or`` and ``not`` (which stop where the answer is known),
``a if c else b``; calls of each other, and of functions whose addresses the record holds; names of constants and
members of enumerations of their module. Anything else raises SyntaxError when the text is made. A function means the
same here as in Python, to the last bit.

The record is an array of 64-bit words in the order of its annotations: a whole number, or the address of a table or of
a function.
"""

from __future__ import annotations

import ast
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

KINDS = {"int": "i64", "float": "double", "bool": "i1", "None": "void"}
ARITHMETIC = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "fdiv", ast.FloorDiv: "sdiv", ast.Mod: "srem"}
COMPARISONS = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}


@dataclass(frozen=True)
class Value:
    """A value in the text: LLVM's type of it, and how it is written."""

    kind: str
    text: str


@dataclass(frozen=True)
class Language:
    """What all functions of a module share.

    Attributes:
        module: gives constants and enumerations their values.
        record: the name of the record's class; ``fields`` its annotations, in order.
        elements: LLVM's type of an entry of each kind of table, by annotation.
        outside: the fields that are addresses of functions, each with the fields whose tables it takes after the number
            of packs (1) and their list (the field ``packs``).
        inside: the functions of the module, by name.
    """

    module: ModuleType
    record: str
    fields: Mapping[str, str]
    elements: Mapping[str, str]
    outside: Mapping[str, Sequence[str]]
    inside: Mapping[str, ast.FunctionDef]


def translate(
    module: ModuleType,
    record: str,
    elements: Mapping[str, str],
    outside: Mapping[str, Sequence[str]],
    exported: Sequence[str],
) -> str:
    """All functions of ``module``; those not ``exported`` are internal."""
    with open(module.__file__ or "", encoding="utf-8") as file:
        tree = ast.parse(file.read())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    fields = {
        str(ast.unparse(line.target)): ast.unparse(line.annotation)
        for line in classes[record].body
        if isinstance(line, ast.AnnAssign)
    }
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    inside = {node.name: node for node in functions}
    language = Language(module, record, fields, elements, outside, inside)
    return "\n\n".join(_Function(language, node).text(node.name in exported) for node in inside.values())


def _kind(annotation: ast.expr | None) -> str:
    return KINDS.get(ast.unparse(annotation) if annotation else "None", "ptr")


class _Function:
    """One function under translation."""

    def __init__(self, language: Language, node: ast.FunctionDef) -> None:
        self.language, self.node = language, node
        self.lines: list[str] = []
        self.slots: list[str] = []  # of the variables, made where the function begins
        self.kinds = {argument.arg: _kind(argument.annotation) for argument in node.args.args}
        self.result = _kind(node.returns)
        self.serial = 0

    def text(self, exported: bool) -> str:
        arguments = ", ".join(f"{kind} %{name}.given" for name, kind in self.kinds.items())
        for name, kind in self.kinds.items():
            self.slots.append(f"  %{name} = alloca {kind}")
            self.lines.append(f"  store {kind} %{name}.given, ptr %{name}")
        self.body(self.node.body)
        if self.result == "void":
            self.lines.append("  ret void")
        else:  # reached by no path
            self.lines.append("  unreachable")
        visible = "" if exported else "internal "
        head = f"define {visible}{self.result} @{self.node.name}({arguments}) {{"
        return "\n".join([head, "entry:", *self.slots, *self.lines, "}"])

    # lines -----------------------------------------------------------------------------------------------------

    def put(self, text: str) -> str:
        self.serial += 1
        self.lines.append(f"  %v{self.serial} = {text}")
        return f"%v{self.serial}"

    def labels(self, *names: str) -> list[str]:
        self.serial += 1
        return [f"{name}.{self.serial}" for name in names]

    def begin(self, label: str) -> None:
        """Go on into the block ``label``."""
        self.lines += [f"  br label %{label}", f"{label}:"]

    def beyond(self, node: ast.AST) -> SyntaxError:
        line = getattr(node, "lineno", 0)
        return SyntaxError(f"{self.node.name}, line {line}: {ast.unparse(node)!r} is beyond what is translated")

    # statements ------------------------------------------------------------------------------------------------

    def body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            match statement:
                case ast.Assign(targets=[target], value=value):
                    self.assign(target, self.value(value))
                case ast.AugAssign(target=target, op=operation, value=value):
                    self.assign(target, self.value(ast.BinOp(_read(target), operation, value)))
                case ast.If(test=test, body=then, orelse=otherwise):
                    self.branch(test, then, otherwise)
                case ast.While(test=test, body=inner, orelse=[]):
                    self.loop(test, inner)
                case ast.For(target=ast.Name() as index, iter=ast.Call(func=ast.Name("range"), args=[count])):
                    self.count(index, count, statement.body)
                case ast.Return(value=value):
                    self.give(value)
                case ast.Expr(value=ast.Constant()) | ast.Pass():
                    pass
                case ast.Expr(value=ast.Call() as call):
                    self.call(call)
                case _:
                    raise self.beyond(statement)

    def assign(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            kind = self.kinds.get(target.id)
            if kind is None:
                kind = self.kinds[target.id] = value.kind
                self.slots.append(f"  %{target.id} = alloca {kind}")
            self.lines.append(f"  store {kind} {self.to(value, kind).text}, ptr %{target.id}")
            return
        kind, address = self.place(target)
        value = self.to(value, "double" if kind in ("double", "float") else "i64")
        narrow = {"float": "fptrunc double {} to float", "i32": "trunc i64 {} to i32"}.get(kind)
        text = self.put(narrow.format(value.text)) if narrow else value.text
        self.lines.append(f"  store {kind} {text}, ptr {address}")

    def branch(self, test: ast.expr, then: Sequence[ast.stmt], otherwise: Sequence[ast.stmt]) -> None:
        yes, no, done = self.labels("yes", "no", "done")
        self.lines += [f"  br i1 {self.truth(test).text}, label %{yes}, label %{no}", f"{yes}:"]
        self.body(then)
        self.lines += [f"  br label %{done}", f"{no}:"]
        self.body(otherwise)
        self.begin(done)

    def loop(self, test: ast.expr, inner: Sequence[ast.stmt]) -> None:
        again, go, done = self.labels("again", "go", "done")
        self.begin(again)
        self.lines += [f"  br i1 {self.truth(test).text}, label %{go}, label %{done}", f"{go}:"]
        self.body(inner)
        self.lines += [f"  br label %{again}", f"{done}:"]

    def count(self, index: ast.Name, count: ast.expr, inner: Sequence[ast.stmt]) -> None:
        """``for index in range(count)``; the count is read once."""
        limit = ast.Name(f"{index.id}.limit{self.serial}")
        self.assign(limit, self.value(count))
        self.assign(index, Value("i64", "0"))
        self.loop(ast.Compare(index, [ast.Lt()], [limit]), [*inner, ast.AugAssign(index, ast.Add(), ast.Constant(1))])

    def give(self, value: ast.expr | None) -> None:
        given = f"{self.result} {self.to(self.value(value), self.result).text}" if value else "void"
        self.lines += [f"  ret {given}", f"{self.labels('after')[0]}:"]

    # values ----------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=bool() | int() | float() as number):
                return _literal(number)
            case ast.Name(id=name) if name in self.kinds:
                return Value(self.kinds[name], self.put(f"load {self.kinds[name]}, ptr %{name}"))
            case ast.Name(id=name) if isinstance(vars(self.language.module).get(name), int | float):
                return _literal(vars(self.language.module)[name])
            case ast.Attribute(value=ast.Name(id=name), attr=member) if name not in self.kinds:
                return _literal(int(getattr(vars(self.language.module)[name], member)))
            case ast.Subscript() | ast.Attribute():
                return self.fetched(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.value(ast.BinOp(ast.Constant(-1), ast.Mult(), operand))
            case ast.BinOp(left=left, op=operation, right=right) if type(operation) in ARITHMETIC:
                return self.arithmetic(ARITHMETIC[type(operation)], self.value(left), self.value(right), node)
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                return self.either(test, then, otherwise)
            case ast.Call():
                return self.call(node)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                return self.truth(node)
            case _:
                raise self.beyond(node)

    def truth(self, node: ast.expr) -> Value:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Value("i1", self.put(f"xor i1 {self.truth(operand).text}, true"))
            case ast.BoolOp(op=ast.And(), values=[first, *rest]):
                return self.either(first, _all(ast.And(), rest), ast.Constant(False))
            case ast.BoolOp(op=ast.Or(), values=[first, *rest]):
                return self.either(first, ast.Constant(True), _all(ast.Or(), rest))
            case ast.Compare(left=left, ops=[operation], comparators=[right]) if type(operation) in COMPARISONS:
                a, b = self.alike(self.value(left), self.value(right))
                name = COMPARISONS[type(operation)]
                if a.kind == "double":  # a NaN is unequal to everything, and in no order
                    compare = f"fcmp {'u' if name == 'ne' else 'o'}{name}"
                else:
                    compare = f"icmp {'' if name in ('eq', 'ne') else 's'}{name}"
                return Value("i1", self.put(f"{compare} {a.kind} {a.text}, {b.text}"))
            case ast.Compare():
                raise self.beyond(node)
        value = self.value(node)
        if value.kind != "i1":
            raise self.beyond(node)
        return value

    def either(self, test: ast.expr, then: ast.expr, otherwise: ast.expr) -> Value:
        """The value of one of two expressions, of which the other is not looked at."""
        name = f"either{self.labels('x')[0][2:]}"
        self.branch(test, [ast.Assign([ast.Name(name)], then)], [ast.Assign([ast.Name(name)], otherwise)])
        return self.value(ast.Name(name))

    def arithmetic(self, operation: str, left: Value, right: Value, node: ast.AST) -> Value:
        a, b = self.alike(left, right)
        if operation == "fdiv":
            a, b = self.to(a, "double"), self.to(b, "double")
        elif a.kind == "double":
            if operation not in ("add", "sub", "mul"):
                raise self.beyond(node)
            operation = f"f{operation}"
        return Value(a.kind, self.put(f"{operation} {a.kind} {a.text}, {b.text}"))

    def alike(self, a: Value, b: Value) -> tuple[Value, Value]:
        if "double" in (a.kind, b.kind):
            return self.to(a, "double"), self.to(b, "double")
        return a, b

    def to(self, value: Value, kind: str) -> Value:
        if value.kind == kind:
            return value
        ways = {("i64", "double"): "sitofp", ("i1", "i64"): "zext"}
        if (value.kind, kind) not in ways:
            raise self.beyond(self.node)
        return Value(kind, self.put(f"{ways[value.kind, kind]} {value.kind} {value.text} to {kind}"))

    # the record ------------------------------------------------------------------------------------------------

    def place(self, node: ast.expr) -> tuple[str, str]:
        """(LLVM's type of an entry of a table or of a number of the record, its address)."""
        if isinstance(node, ast.Subscript):
            kind, word = self.place(node.value)
            table = self.put(f"load ptr, ptr {word}")
            return kind, self.put(f"getelementptr {kind}, ptr {table}, i64 {self.value(node.slice).text}")
        if not isinstance(node, ast.Attribute) or node.attr not in self.language.fields:
            raise self.beyond(node)
        annotation = self.language.fields[node.attr]
        number = list(self.language.fields).index(node.attr)
        record = self.value(node.value).text
        return self.language.elements.get(annotation, "i64"), self.put(f"getelementptr i64, ptr {record}, i64 {number}")

    def fetched(self, node: ast.expr) -> Value:
        kind, address = self.place(node)
        text = self.put(f"load {kind}, ptr {address}")
        widen = {"float": ("double", "fpext float {} to double"), "i32": ("i64", "sext i32 {} to i64")}.get(kind)
        return Value(widen[0], self.put(widen[1].format(text))) if widen else Value(kind, text)

    def call(self, node: ast.Call) -> Value:
        language = self.language
        if isinstance(node.func, ast.Attribute) and node.func.attr in language.outside:
            fields = (node.func.attr, "packs", *language.outside[node.func.attr])
            words = [self.place(ast.Attribute(node.func.value, field))[1] for field in fields]
            code, *tables = [self.put(f"load ptr, ptr {word}") for word in words]
            self.lines.append(f"  call void {code}(i64 1, {', '.join(f'ptr {table}' for table in tables)})")
            return Value("void", "")
        if not isinstance(node.func, ast.Name) or node.func.id not in language.inside:
            raise self.beyond(node)
        name = node.func.id
        wanted = [_kind(argument.annotation) for argument in language.inside[name].args.args]
        values = [self.to(self.value(a), kind) for a, kind in zip(node.args, wanted, strict=True)]
        kind = _kind(language.inside[name].returns)
        text = f"call {kind} @{name}({', '.join(f'{v.kind} {v.text}' for v in values)})"
        if kind == "void":
            self.lines.append(f"  {text}")
            return Value("void", "")
        return Value(kind, self.put(text))


def _literal(number: Any) -> Value:
    if isinstance(number, bool):
        return Value("i1", "true" if number else "false")
    if isinstance(number, int):
        return Value("i64", str(int(number)))
    return Value("double", f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}")


def _all(operation: ast.boolop, values: list[ast.expr]) -> ast.expr:
    return values[0] if len(values) == 1 else ast.BoolOp(operation, values)


def _read(target: ast.expr) -> ast.expr:
    """The same place, read instead of written."""
    return ast.parse(ast.unparse(target), mode="eval").body
