"""All sets of figures, in the order of the menu."""

from staging.numbers import ahead, alerts, dwell, flow, lanes, on_time, standing, trends

FIGURES = {
    module.FIGURE.name: module.FIGURE
    for module in (trends, dwell, standing, on_time, lanes, alerts, ahead, flow)
}
