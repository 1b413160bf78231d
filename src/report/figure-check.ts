/** What a picture of a report may hold: a browser runs the scripts of an SVG file, and follows its addresses. */
import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';

/** The elements and attributes that pictures of reports have; all that is written otherwise was not written by ewald. */
const elements = 'svg g line text tspan title path polyline polygon circle rect'.split(' ');
const attributes =
  'class r cx cy x y x1 x2 y1 y2 width height viewBox points d transform fill stroke opacity text-anchor'.split(' ');
const attribute = `\\s+(?:${attributes.join('|')})="(?:(?!url\\s*\\(|&#)[^"<>\\\\])*"`;
const allowed = new RegExp(`<(?:(?:${elements.join('|')})(?:${attribute})*\\s*/?|/(?:${elements.join('|')}))>`, 'gi');
const allowedInCaption = /<\/?(?:b|span)>|<i style="background:(?:var\(--\w+\)|#[\da-f]{3,8})"><\/i>/g;

/** The first thing that is none of these, if any. */
const foreignTo = (text: string, known: RegExp): string | undefined =>
  /<[^<>]{0,60}>?/.exec(text.replace(known, ''))?.[0];

/** Throws `Format` for a picture, or its caption, that a report of ewald does not have. */
export function checkFigure(name: string, svg: string, caption: string): void {
  const found = foreignTo(svg, allowed) ?? foreignTo(caption, allowedInCaption);
  if (found === undefined) return;
  throw new EwaldError(
    'Format',
    `${name} has a picture with ${inspect(found)}, which no report of ewald has; it was changed after it was written, ` +
      'and its pictures are not copied',
  );
}

/** Throws `Format` for a report that was cut: its pictures would not be all. */
export function checkWhole(name: string, html: string): void {
  const count = (part: string): number => html.split(part).length - 1;
  const [open, closed] = [count('<svg '), count('</svg>')];
  if (/<\/html>\s*$/.test(html) && open === closed) return;
  throw new EwaldError(
    'Format',
    `${name} was cut or changed: ${open === closed ? 'it does not end as a report does' : `of ${open} pictures ${closed} end`}; ` +
      'write the report again',
  );
}
