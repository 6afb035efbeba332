"""What may happen to a model's folder, by accident or on purpose: one change, made by a seed."""

import hashlib
import json
import os
import random
from pathlib import Path

CONFIG, TENSORS, GRAPH = "config.json", "model.safetensors", "model.onnx"
NAMES = ("../secret", "/etc/passwd", "..", ".", "", "a/b", "member-0/../../x", "x\0y", "c:x", "model.onnx\n", "~")
ARCHS = ("hf-hub:stranger/net", "local-dir:/tmp", "resnet152", "vit_giant_patch14_dinov2", "timm/resnet18")
VALUES = (None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 0.5, -0.1, 1e308, 5e-324, float("nan"), float("inf"), "",
          "auto", "grid+mirror", "\ud800", "x" * 9999, [], {}, [[]], [0] * 5000, [None], {"a": {"b": []}})  # fmt: skip
TEXTS = ("[" * 200_000, '{"a":' * 100_000 + "1", "null", "[]", '"x"', "NaN", "{}", "\ufeff{}", "9" * 5000, "{'a': 1}")


def mutate(folder: Path, rng: random.Random, secret: Path) -> str:
    "Change something in a folder; say what. `secret` is a file out of the folder, which must not be opened."
    places = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != "README.md"]
    file = rng.choice(places)
    kinds = [change_bytes, change_bytes, change_place]
    kinds += {CONFIG: [change_json] * 9, TENSORS: [change_header] * 3, GRAPH: [change_graph] * 5}[file.name]
    return f"{file.relative_to(folder)}: {rng.choice(kinds)(file, rng, secret)}"


def change_bytes(file: Path, rng: random.Random, secret: Path) -> str:
    "Flip, cut, lengthen, blank or move bytes; most often near an end, where what is no weight stands."
    content = bytearray(file.read_bytes())
    at = rng.randrange(len(content))
    if rng.random() < 0.6:
        at = min(at, rng.randrange(4096), len(content) - 1) if rng.random() < 0.5 else len(content) - 1 - at % 4096
        at = max(at, 0)
    how = rng.choice(("flip", "flip", "flip", "cut", "longer", "blank", "insert", "move", "noise"))
    if how == "flip":
        content[at] ^= 1 << rng.randrange(8)
    elif how == "cut":
        del content[at:]
    elif how == "longer":
        content += rng.randbytes(rng.choice((1, 8, 1000)))
    elif how == "blank":
        content[at : at + 64] = bytes(len(content[at : at + 64]))
    elif how == "insert":
        content[at:at] = rng.randbytes(rng.choice((1, 8)))
    elif how == "move":
        content = content[at:] + content[:at]
    else:
        content[at : at + 16] = rng.randbytes(len(content[at : at + 16]))
    file.write_bytes(content)
    return f"{how} at {at}"


def change_place(file: Path, rng: random.Random, secret: Path) -> str:
    "Another kind of thing where the file was, or nothing, or the file of elsewhere."
    how = rng.choice(("gone", "folder", "link", "dangling", "loop", "pipe", "other"))
    others = [f for f in file.parent.parent.rglob(file.name) if f.is_file() and f != file]
    content = (rng.choice(others) if others else file).read_bytes()
    file.unlink()
    if how == "folder":
        file.mkdir()
    elif how == "link":
        file.symlink_to(secret)
    elif how == "dangling":
        file.symlink_to(secret.with_name("nothing"))
    elif how == "loop":
        file.symlink_to(file)
    elif how == "pipe":
        os.mkfifo(file)
    elif how == "other":
        file.write_bytes(content)
    return how


def change_json(file: Path, rng: random.Random, secret: Path) -> str:
    "Other values, names and depths of what stands in it."
    if rng.random() < 0.05:
        file.write_text(rng.choice(TEXTS), encoding="utf-8", errors="surrogatepass")
        return "another text"
    config = json.loads(file.read_text())
    spots = list(_spots(config))
    inside, key = rng.choice(spots if rng.random() < 0.7 else [s for s in spots if s[0] is config])
    how = rng.choice(("value", "value", "value", "name", "arch", "near", "delete", "add", "rename", "swap", "deep"))
    if how in ("value", "name", "arch"):
        inside[key] = rng.choice({"value": VALUES, "name": NAMES, "arch": ARCHS}[how])
    elif how == "near":
        old = inside[key]
        inside[key] = old + rng.choice((1, -1, 1e-3)) if type(old) in (int, float) else f"{old}x"
    elif how == "delete":
        del inside[key]
    elif how == "add":
        more = rng.choice(VALUES)
        inside.append(more) if isinstance(inside, list) else inside.update({rng.choice((*NAMES, "pretrained")): more})
    elif how == "rename" and isinstance(inside, dict):
        inside[f"{key}x"] = inside.pop(key)
    elif how == "swap":
        other, there = rng.choice(spots)
        inside[key], other[there] = json.loads(json.dumps([other[there], inside[key]]))
    else:
        for _ in range(rng.choice((1, 3, 900))):
            inside[key] = [inside[key]]
    file.write_text(json.dumps(config))
    return f"{how} of {key}"


def _spots(value):  # (what holds it, key or place), all the way down
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _spots(inner)


def change_header(file: Path, rng: random.Random, secret: Path) -> str:
    "A header of a safetensors file that lies."
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, rest = json.loads(content[8 : 8 + length]), content[8 + length :]
    name = rng.choice([name for name in header if name != "__metadata__"])
    about, told = header[name], None
    how = rng.choice(("length", "dtype", "shape", "offsets", "gone", "twice", "name", "more"))
    if how == "length":
        told = rng.choice((0, 1, length - 1, length + 1, 2**24, 2**31, 2**40, 2**64 - 1))
    elif how == "dtype":
        about["dtype"] = rng.choice(("F64", "F16", "I64", "U8", "BOOL", "F8_E5M2", "C64", "object", 7, None))
    elif how == "shape":
        shapes = ([], [0], [2**40], [-1], [2**32] * 2, [1.5], "3", [1] * 70, about["shape"][::-1])
        about["shape"] = rng.choice(shapes)
    elif how == "offsets":
        start, end = about["data_offsets"]
        pairs = ([0, 2**40], [end, start], [start + 4, end + 4], [-4, end], [0, end], [start], [2**63, 2**64])
        about["data_offsets"] = rng.choice(pairs)
    elif how == "gone":
        del header[name]
    elif how == "twice":
        header["again"] = about
    elif how == "name":
        header[rng.choice((*NAMES, "__class__"))] = header.pop(name)
    else:
        header |= {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(20_000)}
    text = json.dumps(header).encode()
    file.write_bytes((len(text) if told is None else told).to_bytes(8, "little") + text + rest)
    return f"{how} of {name}"


def change_graph(file: Path, rng: random.Random, secret: Path, how: str = "") -> str:
    "A graph that points out of the folder, is larger than it looks, or computes something else."
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load_model_from_string(file.read_bytes())
    graph = model.graph
    tensor = rng.choice(graph.initializer)
    hows = "outside outside dims bomb tile domain input output opset node swap"
    how = how or rng.choice(hows.split())
    if how == "outside":
        relative = os.path.relpath(secret, file.parent)
        places = (str(secret), relative, f"./{relative}", f"x/../{relative}", "/dev/zero", "README.md", TENSORS)
        place = rng.choice(places)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", place), ("offset", rng.choice(["0", "4", "-4"])), ("length", "64")):
            tensor.external_data.add(key=key, value=value)
    elif how == "dims":
        tensor.dims[:] = rng.choice(([2**40], [2**31, 2**31], [-1], [0], [], [2**62, 4]))
    elif how in ("bomb", "tile"):  # 16 to 1,000 GB
        size = helper.make_tensor("many", TensorProto.INT64, [1], [rng.choice((2**32, 2**33, 2**38))])
        graph.initializer.append(size)
        one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
        graph.initializer.append(one)
        made = ["ConstantOfShape", ["many"]] if how == "bomb" else ["Expand", ["one", "many"]]
        graph.node.insert(0, helper.make_node(*made, ["large"]))
        graph.node.insert(1, helper.make_node("ReduceSum", ["large"], ["sum"], keepdims=0))
        last = graph.node[-1]
        wanted = last.output[0]
        last.output[0] = "before"
        graph.node.append(helper.make_node("Add", ["before", "sum"], [wanted]))
    elif how == "domain":
        rng.choice(graph.node).domain = rng.choice(("com.stranger", "com.microsoft", "ai.onnx.ml"))
    elif how == "input":
        graph.input[0].type.tensor_type.shape.dim[rng.randrange(4)].dim_value = rng.choice((2**40, 1, 63))
    elif how == "output":
        graph.output[0].type.tensor_type.shape.dim[1].dim_value = rng.choice((2**40, 1, 4))
    elif how == "opset":
        model.opset_import[0].version = rng.choice((1, 7, 99, 2**40))
    elif how == "node":
        rng.choice(graph.node).op_type = rng.choice(("Relu", "Loop", "If", "Sigmoid", "NonZero", "Nothing", "Flatten"))
    else:
        node = rng.choice([node for node in graph.node if node.input])
        node.input[0] = rng.choice(graph.node).output[0]
    file.write_bytes(model.SerializeToString())
    return f"{how} of {tensor.name}"


def forge(folder: Path) -> None:
    "Write the digests anew, as one who changed the folder on purpose would."
    sealed = {}
    for file in sorted(folder.rglob(CONFIG), key=lambda f: -len(f.parts)):
        try:
            config = json.loads(file.read_text()) if file.is_file() else None  # of a pipe one would wait for ever
            for name, about in config["files"].items():
                content = (file.parent / name).read_bytes() if (file.parent / name).is_file() else b""
                about.update(size=len(content), sha256=hashlib.sha256(content).hexdigest())
            for member in config.get("members") or []:
                member["sha256"] = sealed.get(member["folder"])
            sealed[file.parent.name] = seal(file, config)
        except (ValueError, TypeError, KeyError, AttributeError, OSError, RecursionError):
            continue  # what cannot be read cannot be sealed


def seal(file: Path, config: dict) -> str:
    "Write a config.json with the digest of what it says."
    said = {name: value for name, value in config.items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    file.write_text(json.dumps({**said, "sha256": digest}))
    return digest
