"""Attacks on a running server: what an outsider, a neighbour or a fault may do, and what is to hold all the same.

Each module beside this one is one theme. An attack is a function that yields what it measured.
"""

import dataclasses


@dataclasses.dataclass
class Figure:
    """One thing that was measured, and whether it keeps its bound; `holds` is None where it could not be measured."""

    what: str
    value: str
    bound: str
    holds: bool | None


def at_most(what, value, bound, unit="", form="{:g}"):
    """A figure that may be as large as the bound."""
    shown = f"{form.format(round(value, 4))}{unit}"
    return Figure(what, shown, f"at most {form.format(bound)}{unit}", value <= bound)


def at_least(what, value, bound, unit=""):
    """A figure that may be as small as the bound."""
    return Figure(what, f"{value:g}{unit}", f"at least {bound:g}{unit}", value >= bound)


def skipped(what, why):
    return Figure(what, why, "", None)


@dataclasses.dataclass
class Attack:
    name: str
    finding: str
    seconds: float
    run: object

    @property
    def summary(self):
        return self.run.__doc__.strip().split("\n")[0]


ATTACKS = []


def attack(name, finding, seconds=30):
    """Marks a function as an attack.

    finding: which paragraph of the findings it belongs to. seconds: the longest that it may take.
    """

    def mark(function):
        ATTACKS.append(Attack(name, finding, seconds, function))
        return function

    return mark
