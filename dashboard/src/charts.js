// Line and area charts over the last minutes.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { bytes, marks } from "./format.js";
import { html } from "./html.js";
import { stack } from "./rates.js";

/** Colours with a contrast of 3:1 on both backgrounds, which colour-blind people can tell apart (Okabe and Ito). */
export const COLOURS = [
  "#009e73",
  "#d55e00",
  "#cc79a7",
  "#b8860b",
  "#8c6bb1",
  "#0072b2",
  "#3a86c8",
  "#c0392b",
  "#7f6000",
  "#777777",
  "#5f7f9f",
  "#999999",
];

const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
const POWERS_OF_TWO = Array.from({ length: 51 }, (_, power) => 2 ** power);

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * `times`: seconds since the epoch. `series`: [{label, values, colour, dash}]. `stacked`: draws the values on top of each
 * other. `show(value)` returns a value as text.
 */
export function Chart({ title, times, series, stacked, show, theme }) {
  const place = useRef(null);
  const plot = useRef(null);
  const shape = series.map((each) => each.label).join("|") + theme;

  useEffect(() => {
    const width = () => Math.max(200, place.current?.clientWidth ?? 0);
    const text = style("--muted");
    const grid = { stroke: style("--line"), width: 1 };
    plot.current = new uPlot(
      {
        width: width(),
        height: 170,
        cursor: { y: false },
        legend: { show: false },
        scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
        axes: [
          { stroke: text, grid, ticks: grid, size: 28, incrs: SECONDS },
          {
            stroke: text,
            grid,
            ticks: grid,
            size: 66,
            values: (_, all) => marks(all, show),
            ...(show === bytes ? { incrs: POWERS_OF_TWO } : {}),
          },
        ],
        series: [
          {},
          ...series.map((each) => ({
            label: each.label,
            stroke: each.colour,
            fill: stacked ? each.colour : undefined,
            dash: each.dash,
            width: stacked ? 0 : 1.8,
            points: { show: false },
          })),
        ],
      },
      [[], ...series.map(() => [])],
      place.current,
    );
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: width(), height: 170 }));
    watch.observe(place.current);
    return () => {
      watch.disconnect();
      plot.current.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData([times, ...(stacked ? stack(series) : series.map((each) => each.values))]);
  });

  return html`<figure class="chart" aria-label=${title}>
    <figcaption>${title}</figcaption>
    <div ref=${place} aria-hidden="true"></div>
    <ul class="legend">
      ${series.map(
        (each) => html`<li key=${each.label}>
          <span class="swatch" style=${{ background: each.colour }}></span>${each.label}${" "}
          <b>${show(each.values[each.values.length - 1] ?? null)}</b>
        </li>`,
      )}
    </ul>
  </figure>`;
}
