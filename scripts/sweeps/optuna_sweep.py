#!/usr/bin/env python3
"""Searches train's settings with Optuna: ask for values, train with them, tell the best result of the validation.

    optuna_sweep.py RUNS lr=1e-4:1e-2:log gap=0.5:1.5 optimizer=sgd,adamw --trials 40 -- --triplets T.csv --val-triplets V.csv

What is searched for is what --best-by among train's flags says: accuracy, loss (the smallest) or recall@1. A key has a range LOW:HIGH
(of whole numbers where both are), the same with :log, or a list of values with commas (with spaces where a value holds a comma). The
run of a trial is in RUNS/gap=0.7312,lr=0.002214. A trial that does worse than the others so far is sent SIGTERM, so that its run keeps
a checkpoint. The study is in RUNS/study.db: started again, the sweep goes on, first with the trial that it was stopped in. --trials
counts all trials of the study. The environment's TRAIN names the program; default: train.
"""

import argparse
import fcntl
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial, TrialState

STOPPED = (130, 143)  # exit codes of train after a signal: its checkpoint is saved
MEASURES = {"accuracy": "val_accuracy", "loss": "val_loss", "recall@1": "val_recall_at_1"}  # --best-by: key in metrics.jsonl
EARLIEST = 5  # trials that are never pruned: without some whole ones there is nothing to compare with


def distribution(text):
    """The values of "0.5:1.5", "1e-4:1e-2:log", "1:9", "sgd,adamw" or, where a value holds a comma, "none flip,shift"."""
    parts = text.split(":")
    if len(parts) == 1:
        return CategoricalDistribution(text.split() if " " in text else [v for v in text.split(",") if v])
    if len(parts) > 3 or parts[2:] not in ([], ["log"]):
        raise ValueError(f"{text!r} is not LOW:HIGH or LOW:HIGH:log")
    log = len(parts) == 3
    try:
        return IntDistribution(int(parts[0]), int(parts[1]), log=log)
    except ValueError:
        return FloatDistribution(float(parts[0]), float(parts[1]), log=log)


def arguments(args):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage="%(prog)s RUNS KEY=VALUES ... [options] -- FLAGS OF TRAIN"
    )
    parser.add_argument("runs", type=Path, metavar="RUNS", help="folder of the runs and of study.db")
    parser.add_argument("space", nargs="+", metavar="KEY=VALUES", help="keys of train's config, and where to search")
    parser.add_argument("--trials", type=int, default=20, help="trials of the whole study (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the search (%(default)s)")
    parser.add_argument("--pruner", choices=["median", "hyperband", "none"], default="median", help="decides which trials end early (%(default)s)")
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--at-least", type=float, metavar="SHARE", help="instead of --pruner: end a trial whose accuracy or recall is below this after an evaluation")
    limit.add_argument("--at-most", type=float, metavar="LOSS", help="the same for --best-by loss: end a trial whose loss is above this")
    cut = args.index("--") if "--" in args else len(args)
    o, flags = parser.parse_args(args[:cut]), args[cut + 1 :]
    space = {}
    for text in o.space:
        key, _, values = text.partition("=")
        if not re.fullmatch("[a-z_]+", key) or not values:
            parser.error(f"{text!r} is not KEY=VALUES, as in lr=1e-4:1e-2:log")
        if key in space:
            parser.error(f"{key} is there twice")
        try:
            space[key] = distribution(values)
        except ValueError as e:
            parser.error(f"{key}: {e}")
    o.train = os.environ.get("TRAIN", "train")
    o.by = criterion(o.train, flags, space, parser)
    if o.by == "loss" and o.at_least is not None:
        parser.error("--at-least is for accuracy and recall@1; for --best-by loss there is --at-most")
    if o.by != "loss" and o.at_most is not None:
        parser.error(f"--at-most is for --best-by loss; this search is for {o.by}: --at-least")
    return o, space, flags


def criterion(train, flags, space, parser):
    """What train calls the best, by its flags and whatever config they name."""
    first = {k: d.choices[0] if isinstance(d, CategoricalDistribution) else d.low for k, d in space.items()}
    command = [train, *flags, *(f"--set={k}={setting(v)}" for k, v in first.items()), "--print-config"]
    try:
        shown = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    except OSError as e:
        parser.error(f"{train} cannot be started ({e.strerror}); TRAIN in the environment names the program")
    if shown.returncode != 0:  # it has said why
        sys.exit(shown.returncode)
    given = dict(re.findall(r'^(\w+): "(.+)"$', shown.stdout, re.MULTILINE))
    for by, needs in (given.get("best_by"), None), ("accuracy", "val_triplets"), ("recall@1", "val_metadata"):
        if by and (needs is None or needs in given):
            return by
    parser.error("the search needs something to measure: give train --val-triplets FILE or --val-metadata FILE after --")


def setting(value):
    """A value as train gets it and as the folder shows it. Four digits: more would not change a result that one could measure."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class Sweep:
    def __init__(self, o, space, flags):
        self.o, self.space, self.flags = o, space, flags
        self.stopped = threading.Event()  # by a signal to this program
        self.child = None
        o.runs.mkdir(parents=True, exist_ok=True)
        self.lock = open(o.runs / "study.lock", "w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"optuna_sweep.py: another program works on {o.runs}")
        pruners = {
            "median": optuna.pruners.MedianPruner(n_startup_trials=EARLIEST),
            "hyperband": optuna.pruners.HyperbandPruner(),
            "none": optuna.pruners.NopPruner(),
        }
        pruner = pruners[o.pruner]
        if o.at_least is not None or o.at_most is not None:
            pruner = optuna.pruners.ThresholdPruner(lower=o.at_least, upper=o.at_most)
        path = (o.runs / "study.db").resolve()  # not in the URL, which gives ? and % a meaning
        storage = optuna.storages.RDBStorage("sqlite:///study.db", engine_kwargs={"creator": lambda: sqlite3.connect(path, check_same_thread=False)})
        # A sampler that starts anew with the same seed would ask for the same values again: the seed counts the trials.
        begun = optuna.study.get_all_study_names(storage=storage)
        count = len(optuna.load_study(study_name="sweep", storage=storage).trials) if begun else 0
        self.study = optuna.create_study(
            study_name="sweep", storage=storage, direction="minimize" if o.by == "loss" else "maximize", load_if_exists=True, pruner=pruner, sampler=optuna.samplers.TPESampler(seed=o.seed + count)
        )
        by = self.study.user_attrs.get("best_by", "accuracy" if count else o.by)
        if by != o.by:
            sys.exit(f"optuna_sweep.py: the study in {o.runs} searches for {by}, the flags say {o.by}; take another folder, or --best-by {by}")
        self.study.set_user_attr("best_by", by)
        signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGTERM, self.stop)

    def stop(self, number, _):
        """Hands a signal on, as SIGTERM: a terminal sends SIGINT to train too, and a second one would not let it save."""
        self.stopped.set()
        self.end_run()

    def end_run(self):
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()

    def run(self):
        begun = self.study.get_trials(deepcopy=False, states=[TrialState.RUNNING])
        todo = [Trial(self.study, t._trial_id) for t in begun]
        while not self.stopped.is_set():
            trial = todo.pop(0) if todo else None
            if trial is None:
                if len(self.study.get_trials(deepcopy=False)) >= self.o.trials:
                    return 0
                trial = self.study.ask(self.space)
            code = self.one(trial)
            if code == 2 and not any(t.state == TrialState.COMPLETE for t in self.study.get_trials(deepcopy=False)):
                return code  # flags that no trial will run with
        return 143

    def one(self, trial):
        """Trains a trial, goes on with it, or takes the result that it has; returns train's exit code."""
        values = {k: setting(v) for k, v in trial.params.items()}
        name = ",".join(f"{k}={v}" for k, v in sorted(values.items())).replace("/", "_")
        folder = self.o.runs / name
        result = folder / "result.json"
        if result.exists():
            return self.tell(trial, name, 0, result.read_text(), False)
        folder.mkdir(exist_ok=True)
        command = [self.o.train, *self.flags, *(f"--set={k}={v}" for k, v in values.items()), f"--out={folder}", "--resume=auto"]
        # It holds the study's lock too: where this program is killed, the study waits for the run that goes on.
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, pass_fds=[self.lock.fileno()])
        if self.stopped.is_set():  # the signal came before there was a child to hand it to
            self.end_run()
        pruned = self.follow(trial, folder / "metrics.jsonl")
        lines = self.child.stdout.read().splitlines()
        code = self.child.wait()
        line = lines[-1] if lines else "{}"
        if code == 0:
            part = folder / ".result.json"
            part.write_text(line + "\n")
            part.replace(result)
        return self.tell(trial, name, code, line, pruned)

    def follow(self, trial, metrics):
        """Reports each evaluation while train runs; ends a run that the pruner gives up, and says so."""
        reported = set(self.study.trials[trial.number].intermediate_values)
        at, over, pruned = 0, False, False
        while not over:
            try:
                self.child.wait(0.1)
                over = True  # but for what it wrote last
            except subprocess.TimeoutExpired:
                pass
            if not metrics.exists():
                continue
            with metrics.open("rb") as f:
                f.seek(at)
                text = f.read()
            whole = text[: text.rfind(b"\n") + 1]
            at += len(whole)
            for line in whole.splitlines():
                record = json.loads(line)
                value = record.get(MEASURES[self.o.by])
                if value is None or record["step"] in reported:
                    continue
                reported.add(record["step"])
                trial.report(value, record["step"])
                if not over and not pruned and not self.stopped.is_set() and trial.should_prune():
                    pruned = True
                    self.end_run()
        return pruned

    def tell(self, trial, name, code, line, pruned):
        print(f"{name}\t{code}\t{line.strip()}", flush=True)
        said = json.loads(line)
        if code == 0 and said.get("best_by") == self.o.by and said.get("best") is not None:
            self.study.tell(trial, said["best"])
        elif code in STOPPED and pruned:
            self.study.tell(trial, state=TrialState.PRUNED)
        elif code in STOPPED and self.stopped.is_set():
            pass  # it stays begun, and goes on the next time
        else:
            if code in STOPPED:
                self.stopped.set()  # train was stopped by hand: leave the sweep, the trial goes on the next time
                return code
            self.study.tell(trial, state=TrialState.FAIL)
        return code


def main():
    o, space, flags = arguments(sys.argv[1:])
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sweep = Sweep(o, space, flags)
    code = sweep.run()
    done = sweep.study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    if done:
        best = sweep.study.best_trial
        values = " ".join(f"{k}={setting(v)}" for k, v in best.params.items())
        print(f"optuna_sweep.py: best of {len(done)} whole trials: {o.by} {best.value:.4f} with {values}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
