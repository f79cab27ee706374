"""SBML files as text for tests, and what a run of one gives."""

import libsbml
import numpy as np

from charcot.engine import simulate
from charcot.interfaces.exchange.sbml import read_sbml

MATH = "http://www.w3.org/1998/Math/MathML"
TIME = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time"> t </csymbol>'
DELAY = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/delay"> d </csymbol>'


def math_of(content):
    return f'<math xmlns="{MATH}">{content}</math>'


def apply(operator, *arguments):
    return f"<apply>{operator if operator.startswith('<') else f'<{operator}/>'}{''.join(arguments)}</apply>"


def name(identifier):
    return f"<ci>{identifier}</ci>"


def number(value):
    return f"<cn>{value}</cn>"


def document(body, level=3, version=2, attributes=""):
    space = f"level{level}/version{version}" + ("/core" if level == 3 else "")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<sbml xmlns="http://www.sbml.org/sbml/{space}" level="{level}" version="{version}" {attributes}>\n'
        f'<model id="m">\n{body}\n</model>\n</sbml>\n'
    )


def parameters(**values):
    rows = [f'<parameter id="{k}" value="{v}" constant="false"/>' for k, v in values.items()]
    return f"<listOfParameters>{''.join(rows)}</listOfParameters>"


def rules(**formulas):
    """``x=formula`` is an assignment rule, ``rate_x=formula`` a rate rule."""
    rows = []
    for key, formula in formulas.items():
        kind, variable = ("rateRule", key[5:]) if key.startswith("rate_") else ("assignmentRule", key)
        rows.append(f'<{kind} variable="{variable}">{math_of(formula)}</{kind}>')
    return f"<listOfRules>{''.join(rows)}</listOfRules>"


def read_text(path, body, **options):
    """What the reader makes of a model, given whole or as the content of <model>."""
    how = {key: options.pop(key) for key in ("strict_units", "lenient") if key in options}
    path.write_text(body if body.startswith("<?xml") else document(body, **options))
    return read_sbml(path, **how)


def course(imported, times, **values):
    program = imported.program
    table = program.parameter_table(1)
    for key, value in values.items():
        table[0, program.index("parameter", key)] = value
    result = simulate(program, table, np.asarray(times, dtype=float), tolerance=1e-9)
    assert result.status_counts() == {"completed": 1}
    return result


def formula(text):
    """The content of <math> for a formula in the infix notation of SBML Level 3."""
    written = libsbml.writeMathMLToString(libsbml.parseL3Formula(text))
    first = written.index(">", written.index("<math")) + 1
    return written[first : written.index("</math>")]


EVENT = """
<listOfEvents><event id="e" useValuesFromTriggerTime="{early}">
<trigger initialValue="{initially}" persistent="{persistent}">{condition}</trigger>
{delay}
<listOfEventAssignments><eventAssignment variable="{variable}">{value}</eventAssignment></listOfEventAssignments>
</event></listOfEvents>
"""


def event(condition, variable="x", value=None, delay="", initially="true", persistent="true", early="true"):
    return EVENT.format(
        condition=math_of(condition),
        variable=variable,
        value=math_of(value or number(5)),
        delay=f"<delay>{math_of(delay)}</delay>" if delay else "",
        initially=initially,
        persistent=persistent,
        early=early,
    )
