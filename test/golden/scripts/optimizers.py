"""Golden numbers for test/compute/optimizer.test.ts: five steps of torch's optimisers on given gradients.

pip install torch numpy; python test/golden/scripts/optimizers.py > test/golden/optimizers.json
Weight decay acts on the kernel only, as in src/compute/optimizer.ts (two parameter groups).
"""
import json

import torch

torch.manual_seed(5)
KERNEL, BIAS = torch.randn(2, 3), torch.randn(3)
GRADIENTS = [(torch.randn(2, 3), torch.randn(3)) for _ in range(5)]


def make(config, kernel, bias):
    groups = [{"params": [kernel], "weight_decay": config["weightDecay"]}, {"params": [bias], "weight_decay": 0.0}]
    rate, momentum = config["learningRate"], config["momentum"]
    return {
        "adam": lambda: torch.optim.Adam(groups, lr=rate),
        "adamw": lambda: torch.optim.AdamW(groups, lr=rate),
        "sgd": lambda: torch.optim.SGD(groups, lr=rate, momentum=momentum),
        "rmsprop": lambda: torch.optim.RMSprop(groups, lr=rate, momentum=momentum),
    }[config["name"]]()


def run(config):
    kernel, bias = KERNEL.clone().requires_grad_(), BIAS.clone().requires_grad_()
    optimizer = make(config, kernel, bias)
    for gradient_kernel, gradient_bias in GRADIENTS:
        kernel.grad, bias.grad = gradient_kernel.clone(), gradient_bias.clone()
        if config["clipNorm"] > 0:
            torch.nn.utils.clip_grad_norm_([kernel, bias], config["clipNorm"])
        optimizer.step()
    return {"config": config, "kernel": kernel.flatten().tolist(), "bias": bias.tolist()}


CONFIGS = [
    {"name": name, "learningRate": rate, "weightDecay": decay, "momentum": momentum, "clipNorm": clip}
    for name, rate in (("adam", 0.01), ("adamw", 0.01), ("sgd", 0.1), ("rmsprop", 0.01))
    for decay, clip in ((0.0, 0.0), (0.1, 0.0), (0.0, 1.5))
    for momentum in ((0.0, 0.9) if name in ("sgd", "rmsprop") else (0.9,))
]
print(json.dumps({
    "torch": torch.__version__.split("+")[0],
    "kernel": KERNEL.flatten().tolist(),
    "bias": BIAS.tolist(),
    "gradients": [{"kernel": k.flatten().tolist(), "bias": b.tolist()} for k, b in GRADIENTS],
    "cases": [run(config) for config in CONFIGS],
}, indent=1))
