/** The pictures of a report as SVG files: charts with their captions, frames and powders with their overlays. */
import { type TextOrBytes, textOf } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { checkFigure, checkWhole } from './figure-check.js';
import { lightStyle } from './style.js';

/** A picture of a report. */
export interface ReportFigure {
  /** A name for its file, made of its heading and its caption, such as `cells-a`. */
  readonly name: string;
  /** The caption as plain text, with characters escaped as in XML. */
  readonly caption: string;
  readonly svg: string;
}

/** The light colours of reports by name: programs other than browsers do not know variables. */
const colours = new Map(
  [...(/:root\{(--ink[^}]*)\}/.exec(lightStyle)?.[1] ?? '').matchAll(/--(\w+):([^;]+)/g)].map(
    ([, name = '', value]) => [name, value ?? ''],
  ),
);
const coloured = (text: string): string =>
  text.replace(/var\(--(\w+)\)/g, (_, name: string) => colours.get(name) ?? '');
const rules = coloured(lightStyle).match(/[^{}]+\{[^{}]*\}/g) ?? [];
/** The rules that apply to elements of a picture. */
const rulesOf = (svg: string): string =>
  rules
    .filter((rule) => {
      const [selector = ''] = rule.split('{');
      const classes = [...selector.matchAll(/\.([\w-]+)/g)].map(([, name]) => name ?? '');
      const isUsed = (name: string): boolean => new RegExp(`class="[^"]*\\b${name}\\b(?!-)`).test(svg);
      // Selectors with names of single elements are those of the switches beside a picture.
      return !selector.includes('#') && classes.some(isUsed);
    })
    .join('');

/** What names of files say in place of a letter. */
const letters: Readonly<Record<string, string>> = { α: 'alpha', β: 'beta', γ: 'gamma', σ: 'sigma', '*': ' star' };
const slug = (text: string): string =>
  text
    .replace(/&\w+;/g, ' ')
    .replace(/[αβγσ*]/g, (letter) => letters[letter] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);

const plain = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();

/** The caption as text of an SVG, in which the key of curves has their colours. */
const captionOf = (html: string): string =>
  coloured(html)
    .replace(/<i style="background:([^"]+)"><\/i>([^<]*)/g, ' <tspan fill="$1">— $2</tspan>')
    .replace(/<\/?(b|span)>/g, '');

/** What states in a file that it may be replaced. */
export const figureMark = '<!-- Written by ewald figures. -->';

/** Programs other than browsers may take `sans-serif` for any font that they have. */
const fonts = "Arial,Helvetica,'Liberation Sans','DejaVu Sans',sans-serif";

/** One picture: its own drawing below its caption, with the image under it if there is one. */
function drawn(svg: string, caption: string, image: string | undefined): string {
  const [, box = '', inner = ''] = /^<svg[^>]* viewBox="([^"]+)"[^>]*>(.*)<\/svg>$/s.exec(svg) ?? [];
  const [x = 0, y = 0, width = 0, height = 0] = box.split(' ').map(Number);
  const text = Math.min(14, width / 22);
  const under = image === undefined ? '' : `<image href="${image}" width="${width}" height="${height}"/>`;
  const [left = 0, top = 0, tall = 0] = [x, y - 1.8 * text, height + 1.8 * text].map((value) =>
    Number(value.toFixed(2)),
  );
  const wide = Math.min(2 * width, 1000);
  const [kind = ''] = /(?<=^<svg[^>]*) class="[^"]*"/.exec(svg) ?? [];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} ${top} ${width} ${tall}" ` +
    `width="${wide}" height="${Math.round((wide * tall) / width)}">${figureMark}` +
    `<style>text{font-family:${fonts}}${rulesOf(svg)}</style>` +
    `<rect x="${left}" y="${top}" width="${width}" height="${tall}" fill="#fff"/>${under}<g${kind}>${inner}</g>` +
    `<text x="${x + text / 2}" y="${Number((y - text / 2).toFixed(2))}" font-size="${text}" fill="#1a2332">` +
    `${captionOf(caption)}</text></svg>\n`
  );
}

/**
 * The pictures of a report that `ewald index --html` or `ewald merge --html` wrote, in its order, as single SVG files:
 * charts are drawn as in the report, with light colours, and frames contain their image. Throws `Format` for a text
 * that is no report of ewald, or a report without pictures; errors call it `name`.
 */
export function reportFigures(given: TextOrBytes, name = 'the text'): ReportFigure[] {
  const html = textOf('reportFigures: the report', given);
  const figures: ReportFigure[] = [];
  const names = new Map<string, number>();
  let heading = '';
  const parts = /<h2>(.*?)<\/h2>|<figure( class="picture")?>(.*?)<\/figure>|<svg [^>]*>.*?<\/svg>/gs;
  for (const [whole, title, , inside = whole] of html.matchAll(parts)) {
    if (title !== undefined) heading = title;
    const svg = /<svg [^>]*>.*<\/svg>/s.exec(inside)?.[0];
    if (title !== undefined || svg === undefined) continue;
    const caption = /<figcaption[^>]*>(.*?)<\/figcaption>/s.exec(inside)?.[1] ?? `<b>${heading}</b>`;
    checkFigure(name, svg, caption);
    const own = /<b>(.*?)<\/b>/.exec(caption)?.[1] ?? '';
    const isChart = !inside.includes('<img ');
    const base = slug(`${plain(heading)} ${isChart && own !== heading ? plain(own) : ''}`) || 'figure';
    const count = (names.get(base) ?? 0) + 1;
    names.set(base, count);
    const image = /<img src="(data:image\/png;base64,[\w+/=]+)"/.exec(inside)?.[1];
    const unique = count === 1 ? base : `${base}-${count}`;
    figures.push({ name: unique, caption: plain(caption), svg: drawn(svg, caption, image) });
  }
  if (!/^<!doctype html>\n<!-- Written by ewald \w+\. -->/.test(html) || figures.length === 0)
    throw new EwaldError(
      'Format',
      `${name} ${figures.length === 0 ? 'has no pictures' : 'is no report of ewald'}; expected a file that --html of ` +
        'ewald index or ewald merge wrote',
    );
  checkWhole(name, html);
  return figures;
}
