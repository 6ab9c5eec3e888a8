"""A training step of the deep-ranking network in TensorFlow: the same network, loss and update as bench/reference/deeprank.py.

    python tensorflow_step.py --batch 8 --steps 3 [--head gap] [--infer] [--xla] [--threads N]
        prints one line of JSON with the fields of deeprank.py's step
"""
import argparse, json, os, resource, time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import tensorflow as tf

VGG16 = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def scaled(channels, width):
    return max(1, round(channels * width))


class Tower(tf.Module):
    """NHWC images to embeddings of unit length. Weights are drawn as He et al. 2015 (the numbers play no part here)."""

    def __init__(self, width, size, fc_dim, embed_dim, head):
        super().__init__()
        self.head, self.features, c = head, [], 3
        for v in VGG16:
            if v == "M":
                self.features.append(None)
                continue
            v = scaled(v, width)
            self.features.append((self.draw(3, 3, c, v), self.zeros(v)))
            c = v
        flat = c * (size // 32) ** 2 if head == "fc" else c
        self.fc6 = self.draw(flat, fc_dim), self.zeros(fc_dim)
        self.fc7 = self.draw(fc_dim, fc_dim), self.zeros(fc_dim)
        k = scaled(96, width)
        self.shallow4 = self.draw(8, 8, 3, k), self.zeros(k)
        self.shallow8 = self.draw(8, 8, 3, k), self.zeros(k)
        self.shallow_dim = self.shallow(tf.zeros([1, size, size, 3])).shape[1]
        self.embed = self.draw(fc_dim + self.shallow_dim, embed_dim), self.zeros(embed_dim)

    @staticmethod
    def draw(*shape):
        fan = 1
        for d in shape[:-1]:
            fan *= d
        return tf.Variable(tf.random.normal(shape, stddev=(2 / fan) ** 0.5))

    @staticmethod
    def zeros(n):
        return tf.Variable(tf.zeros([n]))

    def shallow(self, x):
        def path(layer, reduce, kernel, stride, pad):
            a = tf.nn.avg_pool2d(x, reduce, reduce, "VALID")
            a = tf.pad(a, [[0, 0], [4, 4], [4, 4], [0, 0]])
            a = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(a, layer[0], 4, "VALID"), layer[1]))
            a = tf.pad(a, [[0, 0], [pad, pad], [pad, pad], [0, 0]])  # zeros never win: all values are at least 0
            a = tf.nn.max_pool2d(a, kernel, stride, "VALID")
            return tf.reshape(a, [a.shape[0], -1])

        return tf.concat([path(self.shallow4, 4, 7, 4, 3), path(self.shallow8, 8, 3, 2, 1)], 1)

    def __call__(self, x):
        v = x
        for layer in self.features:
            if layer is None:
                v = tf.nn.max_pool2d(v, 2, 2, "VALID")
            else:
                v = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(v, layer[0], 1, "SAME"), layer[1]))
        v = tf.reshape(v, [v.shape[0], -1]) if self.head == "fc" else tf.reduce_mean(v, [1, 2])
        for w, b in (self.fc6, self.fc7):
            v = tf.nn.relu(tf.matmul(v, w) + b)
        joined = tf.concat([tf.nn.l2_normalize(v, 1), tf.nn.l2_normalize(self.shallow(x), 1)], 1)
        return tf.nn.l2_normalize(tf.matmul(joined, self.embed[0]) + self.embed[1], 1)


def hinge(e, gap):
    q, p, n = tf.split(e, 3)
    dp, dn = tf.reduce_sum(tf.square(q - p), 1), tf.reduce_sum(tf.square(q - n), 1)
    return tf.reduce_mean(tf.nn.relu(gap + dp - dn))


def step(a):
    tf.config.threading.set_intra_op_parallelism_threads(a.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    m = Tower(a.width, a.size, a.fc_dim, a.embed_dim, a.head)
    x = tf.random.normal([3 * a.batch, a.size, a.size, 3])
    variables = m.trainable_variables
    momentum = [] if a.infer else [tf.Variable(tf.zeros_like(v)) for v in variables]

    @tf.function(jit_compile=a.xla)
    def train(x):
        with tf.GradientTape() as tape:
            loss = hinge(m(x), 1.0)
        for v, b, g in zip(variables, momentum, tape.gradient(loss, variables)):  # torch.optim.SGD(1e-3, 0.9, weight_decay=5e-4)
            tf.raw_ops.ResourceApplyMomentum(var=v.handle, accum=b.handle, lr=1e-3, grad=g + 5e-4 * v, momentum=0.9)
        return loss

    @tf.function(jit_compile=a.xla)
    def infer(x):
        return m(x)

    times = []
    for _ in range(a.steps + 1):  # the first one warms up
        t = time.perf_counter()
        (infer if a.infer else train)(x).numpy()
        times.append(time.perf_counter() - t)
    best = min(times[1:])
    print(json.dumps(dict(vars(a), tensorflow=tf.__version__, seconds_per_step=best, ms_per_image=1e3 * best / (3 * a.batch),
                          parameters=sum(int(tf.size(v)) for v in variables), max_rss_gib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)))


p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for flag, default in [("batch", 8), ("steps", 3), ("threads", os.cpu_count()), ("size", 224), ("fc-dim", 4096), ("embed-dim", 4096)]:
    p.add_argument(f"--{flag}", type=int, default=default)
p.add_argument("--width", type=float, default=1.0)
p.add_argument("--head", default="fc", choices=["fc", "gap"])
for flag in ["infer", "xla"]:
    p.add_argument(f"--{flag}", action="store_true")
step(p.parse_args())
