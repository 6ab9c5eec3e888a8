"""Races bench against PyTorch, TensorFlow and stock gorgonia on this machine, and writes the result into a Markdown file.

    make bench-peers                 the whole race into bench/RESULTS.md
    make bench-peers QUICK=1         one round of few steps, to stdout alone
    make bench-peers ISA=avx2        all programs held to AVX2, for a section of its own

Every program runs in a process of its own, one after another; ours and theirs take turns within each round, so that both
see the same machine. The ratio is taken round by round, and the median of these counts. Each time is that of the fastest
step of its process. PyTorch's variants all run in the first round; from then on its two fastest.
"""
import argparse, datetime, json, os, platform, re, subprocess, sys, tempfile

from table import machine_section, write_section

HERE = os.path.dirname(os.path.abspath(__file__))
REFERENCE = os.path.join(os.path.dirname(HERE), "reference", "deeprank.py")
TORCH = {  # variants of deeprank.py's step
    "eager, channels_last": ["--channels-last"],
    "compiled": ["--compile"],
    "compiled, channels_last": ["--compile", "--channels-last"],
}


class Failed(Exception):
    pass


class Race:
    def __init__(self, a):
        self.a, self.runs, self.notes = a, [], []
        self.env = dict(os.environ, OMP_NUM_THREADS=str(a.threads), TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="1")
        if a.isa == "avx2":
            self.env.update(DEEPRANK_KERNEL="avx2", ONEDNN_MAX_CPU_ISA="AVX2", DNNL_MAX_CPU_ISA="AVX2", ATEN_CPU_CAPABILITY="avx2",
                            MKL_ENABLE_INSTRUCTIONS="AVX2")
        self.peer_env = dict(self.env)
        if a.tcmalloc:
            self.peer_env["LD_PRELOAD"] = a.tcmalloc

    # One run of a program; each returns a dict with ms and gib.

    def call(self, what, command, env):
        if self.a.verbose:
            print("  $", " ".join(command), file=sys.stderr)
        try:
            p = subprocess.run(command, env=env, capture_output=True, text=True, timeout=self.a.timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"{what}: no result in {self.a.timeout} s")
        line = p.stdout.strip().splitlines()[-1] if p.stdout.strip() else ""
        if p.returncode or not line.startswith("{"):
            message = re.sub(r"/\S*/", "", (p.stderr.strip().splitlines() or ["no message"])[-1])  # without this machine's folders
            raise Failed(f"{what}: exit code {p.returncode}: {message[:300]}")
        r = json.loads(line)
        self.runs.append(dict(what=what, command=command[1:], result=r))
        if self.a.raw:  # at once: a race that is cut short leaves what it measured
            with open(self.a.raw, "w") as f:
                json.dump(self.runs, f, indent=1)
        return r

    def ours(self, *flags, threads=None, batch=None, layers=False, steps=None):
        command = [self.a.bench, "--json", f"--layers={str(layers).lower()}", "--size", str(self.a.size), "--threads", str(threads or self.a.threads),
                   "--batch", str(batch or self.a.batch), "--steps", str(steps or self.a.steps), *flags]
        r = self.call("deeprank", command, self.env)
        r.update(ms=r["ms_per_image"], gib=r["peak_rss_bytes"] / 2**30)
        return r

    def torch(self, variant, *flags):
        r = self.call("PyTorch " + variant, [
            self.a.torch_python, REFERENCE, "step", "--size", str(self.a.size), "--threads", str(self.a.threads), "--batch", str(self.a.batch),
            "--steps", str(self.a.peer_steps), *TORCH[variant], *flags], self.peer_env)
        r.update(ms=r["ms_per_image"], gib=r["max_rss_gib"])
        return r

    def tensorflow(self, *flags):
        r = self.call("TensorFlow", [
            self.a.tensorflow_python, os.path.join(HERE, "tensorflow_step.py"), "--size", str(self.a.size), "--threads", str(self.a.threads),
            "--batch", str(self.a.batch), "--steps", str(self.a.peer_steps), *flags], self.peer_env)
        r.update(ms=r["ms_per_image"], gib=r["max_rss_gib"])
        return r

    def gorgonia(self, *flags):
        r = self.call("gorgonia", [self.a.gorgonia, "-size", str(self.a.size), *flags], self.env)
        r.update(ms=r["ms_per_image"], gib=r["max_rss_gib"])
        return r

    # Several programs in turns.

    def turns(self, title, entries, rounds, narrow=None):
        """entries: name -> function. Returns name -> list of results, one a round, None where it did not run. After the first
        round the entries whose name begins with narrow are cut to the two fastest."""
        got = {name: [] for name in entries}
        for i in range(rounds):
            for name, f in entries.items():
                if f is None:
                    got[name].append(None)
                    continue
                try:
                    r = f()
                except Failed as e:
                    if name.startswith("deeprank"):
                        raise
                    self.note(str(e))
                    entries[name] = None
                    r = None
                got[name].append(r)
                if r:
                    print(f"{title}, round {i + 1} of {rounds}: {name} {r['ms']:.1f} ms/image, {r['gib']:.2f} GiB", file=sys.stderr, flush=True)
            if narrow and i == 0:
                rivals = sorted((n for n in entries if n.startswith(narrow) and got[n][0]), key=lambda n: got[n][0]["ms"])
                for n in rivals[2:]:
                    entries[n] = None
        return {n: rs for n, rs in got.items() if any(rs)}

    def note(self, text):
        print("note:", text, file=sys.stderr)
        if text not in self.notes:
            self.notes.append(text)

    # The parts of the race.

    def against_peers(self, title, *flags, rounds, infer=False):
        mine = [*flags, "--forward"] if infer else list(flags)
        theirs = [*flags, "--infer"] if infer else list(flags)
        entries = {"deeprank": lambda: self.ours(*mine)}
        for v in TORCH:
            entries["PyTorch, " + v] = lambda v=v: self.torch(v, *theirs)
        if self.a.tensorflow_python:
            entries["TensorFlow, tf.function"] = lambda: self.tensorflow(*theirs)
        got = self.turns(title, entries, rounds, narrow="PyTorch")
        for r in got.get("TensorFlow, tf.function", []):
            if r and r["parameters"] != got["deeprank"][0]["parameters"]:
                raise Failed(f"TensorFlow's network has {r['parameters']} parameters, ours {got['deeprank'][0]['parameters']}")
        return got

    def pairs(self, title, a, b, rounds):
        return self.turns(title, {"deeprank " + a[0]: a[1], "deeprank " + b[0]: b[1]}, rounds)

    def batches(self, peak):
        """peak: of a whole batch, in GiB; larger batches that would not fit are left out."""
        free = int(re.search(r"MemAvailable:\s+(\d+)", open("/proc/meminfo").read())[1]) / 2**20
        got = {}
        for b in (2, 4, 8, 16, 32):
            if b > self.a.batch and peak * b / self.a.batch > 0.9 * free:
                self.note(f"a batch of {b} triplets was left out: it might not fit into the {free:.1f} GiB that are free")
                continue
            got[b] = lambda b=b: self.ours(batch=b)
        return {int(n.split()[1]): rs for n, rs in self.turns("batch", {f"deeprank {b}": f for b, f in got.items()}, self.a.own_rounds).items()}

    def pictures(self):
        """Steps on drawn pictures, on files with a warm cache, and with a cold one, in turns."""
        steps = 2 * self.a.steps  # the loader is some batches ahead when the first is timed
        with tempfile.TemporaryDirectory() as d:
            print("drawing pictures of 1080 x 1440", file=sys.stderr)
            subprocess.run([self.a.torch_python, os.path.join(HERE, "pictures.py"), d, "--triplets", str(self.a.batch * (steps + 2))], check=True)
            files = ["--triplets", f"{d}/csv/triplets.tsv"]
            return self.turns("pictures", {
                "deeprank drawn": lambda: self.ours(steps=steps),
                "deeprank warm": lambda: self.ours(*files, "--cache", f"{d}/cache", steps=steps),
                "deeprank cold": lambda: self.ours(*files, "--cold", steps=steps),
            }, self.a.own_rounds)

    def all(self):
        a = self.a
        r = dict(machine=machine(a), threads_used=a.threads, batch=a.batch, size=a.size, rounds=a.rounds, tcmalloc=bool(a.tcmalloc), isa=a.isa, quick=a.quick)
        parts = dict(
            step=lambda: self.against_peers("step", rounds=a.rounds),
            forward=lambda: self.against_peers("forward", rounds=a.rounds, infer=True),
            gap=lambda: self.against_peers("gap head", "--head", "gap", rounds=min(2, a.rounds)),
            active=lambda: self.pairs("active", ("all", lambda: self.ours(batch=10)), ("10 %", lambda: self.ours("--active", "0.1", batch=10)), a.own_rounds),
            parts=lambda: self.turns("parts", {
                "deeprank step": lambda: self.ours("--micro-batch", str(max(1, a.batch // 2))),
                "deeprank gap": lambda: self.ours("--head", "gap", "--micro-batch", str(max(1, a.batch // 2))),
            }, 1),
            frozen=lambda: self.turns("frozen", {
                "deeprank gap": lambda: self.ours("--head", "gap", batch=32, steps=2),
                "deeprank gap frozen": lambda: self.ours("--head", "gap", "--freeze", "features", batch=32),
                "deeprank fc frozen": lambda: self.ours("--freeze", "features", batch=32, layers=True),
            }, self.a.own_rounds),
            threads=lambda: self.turns("threads", {f"deeprank {n}": lambda n=n: self.ours(threads=n) for n in thread_counts(a.threads)}, a.own_rounds),
            batches=lambda: self.batches(max(x["gib"] for x in r["step"]["deeprank"])) if "step" in r else {},
            pictures=self.pictures,
            gorgonia=lambda: self.turns("gorgonia", {"gorgonia training": lambda: self.gorgonia(), "gorgonia forward": lambda: self.gorgonia("-infer")}, 1),
            layers=lambda: self.ours(layers=True),
        )
        for name, part in parts.items():
            if a.only and name not in a.only or name == "gorgonia" and not a.gorgonia or name == "layers" and a.quick:
                continue
            r[name] = part()
        r["notes"] = self.notes
        r["machine"]["limit"] = max(x["result"].get("limit_gflops", 0) for x in self.runs if x["result"].get("threads") == a.threads)
        r["kernels"] = next(x["result"]["kernels"] for x in self.runs if "kernels" in x["result"])
        r["versions"] = self.versions()
        return r

    def versions(self):
        found = {"Python": platform.python_version()}
        for x in self.runs:
            for key, name in (("torch", "PyTorch"), ("tensorflow", "TensorFlow"), ("gorgonia", "gorgonia"), ("go", "Go"), ("version", "deeprank")):
                if isinstance(x["result"].get(key), str):
                    found[name] = x["result"][key].removeprefix("go")
        return found


def thread_counts(most):
    return [n for n in (1, 2, 4, 8, 16, 32, 64) if n <= most]


def machine(a):
    info = open("/proc/cpuinfo").read()
    name = (re.search(r"^model name\s*: (.*)$", info, re.M) or ["", platform.machine()])[1]
    number = [re.search(rf"^{key}\s*: (\d+)$", info, re.M) for key in ("cpu family", "model")]
    if all(number) and not re.search(r"\d", name):  # a virtual machine's name such as "AMD EPYC" says too little
        name += " (family {}, model {})".format(*(n[1] for n in number))
    have = set((re.search(r"^flags\s*: (.*)$", info, re.M) or ["", ""])[1].split())
    memory = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read())[1]) / 2**20
    kind = "AVX-512" if "avx512f" in have else "AVX2" if {"avx2", "fma"} <= have else "neither AVX2 nor AVX-512"
    flags = [f for f in "avx avx2 fma f16c avx512f avx512bw avx512vl avx512dq avx512_vnni amx_tile".split() if f in have]
    if a.isa == "avx2" and kind == "AVX-512":
        kind = "AVX2, forced on a machine with AVX-512"
    return dict(cpu=name, cpus=len(os.sched_getaffinity(0)), flags=flags, memory=memory, kind=kind, system=f"{platform.system()} {platform.release()}",
                load=os.getloadavg()[0], date=datetime.date.today().isoformat())


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bench", required=True, help="our program")
    p.add_argument("--torch-python", required=True, help="a Python that has PyTorch")
    p.add_argument("--tensorflow-python", help="a Python that has TensorFlow; left out without")
    p.add_argument("--gorgonia", help="the program of bench/peers/gorgonia; left out without")
    p.add_argument("--tcmalloc", help="libtcmalloc, preloaded for PyTorch and TensorFlow")
    p.add_argument("--out", help="Markdown file; stdout without")
    p.add_argument("--raw", help="file for all runs as JSON")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--size", type=int, default=224)
    p.add_argument("--isa", choices=["avx2"])
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", nargs="*", help="parts of the race: step forward gap active parts frozen threads batches pictures gorgonia layers")
    p.add_argument("--timeout", type=int, default=1800, help="seconds for one process")
    p.add_argument("--verbose", action="store_true")
    a = p.parse_args()
    if a.only and a.out:
        p.error("a section holds the whole race: --only goes to stdout, without --out")
    a.own_rounds, a.steps, a.peer_steps = (1, 3, 1) if a.quick else (a.rounds, 5, 2)
    if a.quick:
        a.rounds = 1
    race = Race(a)
    try:
        r = race.all()
    except Failed as e:
        sys.exit(f"race: {e}")
    text = machine_section(r)
    if a.out:
        write_section(a.out, r, text)
        print(f"wrote {a.out}", file=sys.stderr)
    else:
        print(text)


if __name__ == "__main__":
    main()
