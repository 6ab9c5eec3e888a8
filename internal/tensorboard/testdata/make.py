"""Writes events.bin with TensorBoard's own messages and record writer: what TestEncode compares with.

    python internal/tensorboard/testdata/make.py

Needs: tensorboard numpy.
"""
import os

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

here = os.path.dirname(os.path.abspath(__file__))
at = 1700000000.25
v = np.float32([0.5, 0.7, 0.7, 3.9, 5.0]).astype(np.float64)
total, squares = 0.0, 0.0
for x in v:
    total, squares = total + x, squares + x * x
histogram = summary_pb2.HistogramProto(  # buckets of 0.5 from 0 to 4; 5.0 is in the last one
    min=v.min(), max=v.max(), num=5, sum=total, sum_squares=squares,
    bucket_limit=[1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 5.0], bucket=[3, 0, 0, 0, 0, 0, 2])
S = summary_pb2.Summary
events = [
    event_pb2.Event(wall_time=at, file_version="brain.Event:2"),
    event_pb2.Event(wall_time=at, step=7, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)),
    event_pb2.Event(wall_time=at, step=300, summary=S(value=[
        S.Value(tag="loss", simple_value=0.1), S.Value(tag="d_pos", histo=histogram),
        S.Value(tag="sheet", image=S.Image(height=3, width=2, colorspace=3, encoded_image_string=b"\x89PNG"))])),
]
with open(os.path.join(here, "events.bin"), "wb") as f:
    w = RecordWriter(f)
    for e in events:
        w.write(e.SerializeToString(deterministic=True))
    w.flush()
