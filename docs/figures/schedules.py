"""Figure: every schedule of the table over 100 updates."""

from inspect import signature

import matplotlib.pyplot as plt

from skscratch.core.schedules import SCHEDULES, Adaptive, WarmUp

fields = {"learning_rate_init": 1.0, "power_t": 0.5, "decay_steps": 100, "decay_rate": 0.1}
figure, axes = plt.subplots(2, 4, figsize=(9, 4), sharex=True, sharey=True, layout="constrained")
schedules = {
    name: kind(**{field: fields[field] for field in signature(kind).parameters})
    for name, kind in SCHEDULES.items()
}
schedules["step"] = SCHEDULES["step"](1.0, 0.5, 25)
schedules["warm-up, then cosine"] = WarmUp(SCHEDULES["cosine"](1.0, 80), 20)
for axis, (name, schedule) in zip(axes.flat, schedules.items(), strict=False):
    scale, rates = 1.0, []
    for t in range(100):
        if isinstance(schedule, Adaptive) and t in (40, 70):
            scale = schedule.after_plateau(scale)
        rates.append(schedule(t) * scale)
    axis.plot(rates, drawstyle="steps-post" if name in ("step", "adaptive") else "default")
    axis.set_title(name, fontsize=10)
    axis.grid(alpha=0.3)
for axis in axes[1]:
    axis.set_xlabel("update")
for axis in axes[:, 0]:
    axis.set_ylabel("rate / lr")
