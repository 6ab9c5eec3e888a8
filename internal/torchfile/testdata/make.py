"""Writes the files of the tests with PyTorch, and expected.json: what torch itself holds. Small; committed.

    python internal/torchfile/testdata/make.py

Needs: torch. The pickles under hostile/ would run code when Python loaded them; nothing here loads them.
"""
import collections, io, json, os, pickle, struct, zipfile

import torch

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)
base = torch.arange(24, dtype=torch.float32) / 8 - 1


def tensors():
    d = collections.OrderedDict()
    d["plain.weight"] = base.reshape(2, 3, 4).clone()
    d["transposed"] = base.reshape(4, 6).t()
    d["channels_last"] = base.reshape(2, 3, 2, 2).clone().to(memory_format=torch.channels_last)
    d["offset"] = base[5:11]
    d["strided"] = base[1::3]
    d["block"] = base.reshape(4, 6)[1:3, 2:5]
    d["scalar"] = torch.tensor(2.5)
    d["empty"] = torch.zeros(0, 3)
    d["half"] = (base * 3).half()
    d["bfloat16"] = (base * 3).bfloat16()
    d["double"] = (base * 0.1).double() + 1e-9
    d["parameter"] = torch.nn.Parameter(base[:4].clone())
    d["count"] = torch.tensor(7)
    d["mask"] = torch.tensor([True, False])
    return d


def values(t):
    return [float(v) for v in t.detach().to(torch.float32).flatten().tolist()]


def save(name, value, **how):
    torch.save(value, os.path.join(here, name), **how)


d = tensors()
save("zip.pth", d)
save("legacy.pth", d, _use_new_zipfile_serialization=False)
save("protocol4.pth", d, pickle_protocol=4)
net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
opt = torch.optim.Adam(net.parameters())
net(torch.ones(4, 3)).sum().backward()
opt.step()
save("module.pth", net.state_dict())  # with versions (_metadata) and an integer
save("checkpoint.pth", {"epoch": 3, "loss": 0.5, "arch": "vgg16", "best": None, "state_dict": net.state_dict(), "optimizer": opt.state_dict()})
save("parallel.pth", collections.OrderedDict(("module." + k, v) for k, v in net.state_dict().items()))
save("tensor.pth", base)
save("numbers.pth", {"epoch": 1})
save("whole_model.pth", net)  # names classes: refused
save("expanded.pth", {"x": torch.ones(1).expand(1000, 1000)})
torch.jit.script(torch.nn.Linear(2, 2)).save(os.path.join(here, "script.pth"))

# A file as torch 0.1 wrote it under Python 2, by hand: byte strings, long integers, a list of lists, parameters as
# objects with attributes, tensors by the first version of their function. torch reads it.
def short(text):
    return b"U" + bytes([len(text)]) + text.encode()


def long(n):
    return b"\x8a\x01" + bytes([n])


def old_tensor(key, length, offset, shape, strides):
    ref = b"(" + short("storage") + b"ctorch\nFloatStorage\n" + short(key) + short("cpu") + long(length) + b"NtQ"
    sides = lambda v: b"(" + b"".join(long(n) for n in v) + b"t"
    return b"ctorch._utils\n_rebuild_tensor\n(" + ref + long(offset) + sides(shape) + sides(strides) + b"tR"


new_parameter = b"ctorch.nn.parameter\nParameter\n" + old_tensor("77", 6, 0, (2, 3), (3, 1)) + b"\x85\x81(\x88\x89ccollections\nOrderedDict\n]\x85Rtb"
pickled = (b"\x80\x02ccollections\nOrderedDict\n](](" + short("weight") + new_parameter + b"e](" + short("bias") + old_tensor("5", 4, 1, (2,), (1,)) + b"ee\x85R.")
head = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, dict(protocol_version=1001, little_endian=True, type_sizes=dict(short=2, int=4, long=4))))
order = b"\x80\x02](" + short("5") + short("77") + b"e."
old = {"weight": torch.arange(6.0).reshape(2, 3) / 4, "bias": torch.tensor([8.5, 9.5])}
with open(os.path.join(here, "python2.pth"), "wb") as f:
    f.write(head + pickled + order + struct.pack("<q4f", 4, 7.5, 8.5, 9.5, 10.5) + struct.pack("<q6f", 6, *(i / 4 for i in range(6))))
back = torch.load(os.path.join(here, "python2.pth"), weights_only=True)
assert list(back) == list(old) and all(torch.equal(back[k], old[k]) for k in old), back

expected = {
    name: {k: dict(shape=list(v.shape), dtype=str(v.dtype).removeprefix("torch."), values=values(v)) for k, v in value.items()}
    for name, value in dict(tensors=d, module=net.state_dict(), old=old).items()
}
json.dump(expected, open(os.path.join(here, "expected.json"), "w"), indent=None, separators=(",", ":"))

# Hostile files: a zip as torch.save writes it, with another pickle in it.
os.makedirs(os.path.join(here, "hostile"), exist_ok=True)


class Call:
    def __init__(self, f, *arguments):
        self.f, self.arguments = f, arguments

    def __reduce__(self):
        return self.f, self.arguments


def hostile(name, raw):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as z:
        stamp = lambda n: zipfile.ZipInfo("archive/" + n, (1980, 1, 1, 0, 0, 0))
        z.writestr(stamp("data.pkl"), raw)
        z.writestr(stamp("byteorder"), "little")
        z.writestr(stamp("data/0"), struct.pack("<4f", 1, 2, 3, 4))
    open(os.path.join(here, "hostile", name + ".pth"), "wb").write(out.getvalue())


hostile("system", pickle.dumps({"x": Call(os.system, "touch /tmp/pwned")}, 2))
hostile("eval", pickle.dumps({"x": Call(eval, "1+1")}, 2))
hostile("system4", pickle.dumps({"x": Call(os.system, "touch /tmp/pwned")}, 4))
hostile("setstate", b"\x80\x02ccollections\nOrderedDict\n)R(K\x01K\x02e.")
hostile("import_only", b"\x80\x02cos\nsystem\n.")
hostile("instance", b"\x80\x02(cos\nsystem\no.")
hostile("text_global", b"(i__builtin__\neval\n.")
hostile("newobj", b"\x80\x02ccollections\nOrderedDict\n)\x81.")
hostile("extension", b"\x80\x02\x82\x01.")
# (1 << 40 values, of a storage of four): torch._utils._rebuild_tensor_v2(storage, 0, (1 << 40,), (0,), False, OrderedDict())
storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"


def tensor(shape, strides, offset=b"K\x00", stored=storage):
    return b"\x80\x02}X\x01\x00\x00\x00xctorch._utils\n_rebuild_tensor_v2\n(" + stored + offset + shape + strides + b"\x89ccollections\nOrderedDict\n)RtRs."


big = b"\x8a\x06\x00\x00\x00\x00\x00\x01"  # 1 << 40
hostile("good", tensor(b"K\x02K\x02\x86", b"K\x02K\x01\x86"))
hostile("expanded", tensor(big + b"\x85", b"K\x00\x85"))
hostile("overflow", tensor(big + big + b"\x86", b"K\x00K\x00\x86"))
hostile("strides", tensor(b"K\x02\x85", b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85"))
hostile("negative", tensor(b"J\xff\xff\xff\xff\x85", b"K\x01\x85"))
hostile("offset", tensor(b"K\x02\x85", b"K\x01\x85", b"K\x03"))
hostile("before", tensor(b"K\x02\x85", b"K\x01\x85", b"J\xff\xff\xff\xff"))
hostile("lengths", tensor(b"K\x05\x85", b"K\x01\x85", stored=storage.replace(b"K\x04tQ", b"K\x05tQ")))
hostile("absent", tensor(b"K\x02\x85", b"K\x01\x85", stored=storage.replace(b"\x000X", b"\x001X")))
hostile("path", tensor(b"K\x02\x85", b"K\x01\x85", stored=storage.replace(b"X\x01\x00\x00\x000", b"X\x0c\x00\x00\x00../../secret")))
# Each tuple holds the one before it twice: 2^60 of them, if anybody followed.
hostile("laughs", b"\x80\x02)" + b"".join(b"q%c0h%ch%c\x86" % (i, i, i) for i in range(60)) + b".")
hostile("laughs_call", b"\x80\x02)" + b"".join(b"q%c0h%ch%c\x86" % (i, i, i) for i in range(60)) + b")R.")
# A list of 3,000 pairs that is made a dict 600 times.
hostile("work", b"\x80\x02]q\x00(NN\x86q\x01" + b"h\x01" * 3000 + b"e0" + b"ccollections\nOrderedDict\nh\x00\x85R0" * 600 + b"N.")
hostile("itself", b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.")
hostile("deep", b"\x80\x02" + b"(" * 5000 + b"t" * 5000 + b".")
hostile("unending", b"\x80\x02" + b"]" * 1000)
