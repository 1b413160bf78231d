/** Pictures of reports as PNG files, drawn by resvg, which only those who want them install. */
import { EwaldError, messageOf } from '../util/errors.js';
import { importOptional } from '../util/optional.js';
import { withPngText } from '../util/png.js';

/** What of `@resvg/resvg-js` is used. */
interface Resvg {
  getBBox(): unknown;
  render(): { asPng(): Uint8Array };
}
type ResvgClass = new (
  svg: string,
  options?: { readonly fitTo: { readonly mode: 'zoom'; readonly value: number } },
) => Resvg;

/** What states in a PNG that `writeFigures` made it. */
const software = 'ewald figures';

/** Whether a file is a PNG of `writeFigures`. */
export const isFigurePng = (head: Uint8Array): boolean =>
  new TextDecoder('latin1').decode(head).includes(`tEXtSoftware\0${software}`);

/** Pixels for each unit of the SVG: as many as a slide or a column of a paper needs. */
const zoom = 2;

/**
 * Loads what draws a picture. Throws `Load` with the command that installs it, if it is missing, and if there is no
 * font, without which axes would have no numbers.
 */
export async function figureDrawer(): Promise<(svg: string) => Uint8Array> {
  let Drawing: ResvgClass;
  try {
    const module = (await importOptional('@resvg/resvg-js')) as { Resvg?: ResvgClass; default?: { Resvg: ResvgClass } };
    Drawing = (module.Resvg ?? module.default?.Resvg) as ResvgClass;
  } catch (cause) {
    const { code = '' } = cause as { code?: string };
    const why = /MODULE_NOT_FOUND$/.test(code)
      ? 'is not installed'
      : `does not load (${messageOf(cause).split('\n')[0]})`;
    throw new EwaldError(
      'Load',
      `PNG files are drawn by @resvg/resvg-js, which ${why}; install it: npm install @resvg/resvg-js. ` +
        'SVG files need nothing',
      { cause },
    );
  }
  const letter = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="8">x</text></svg>';
  if (new Drawing(letter).getBBox() === undefined)
    throw new EwaldError(
      'Load',
      'PNG files need a font, and this system has none; install one, such as fonts-dejavu-core of Debian. SVG files ' +
        'need nothing',
    );
  return (svg) =>
    withPngText(new Drawing(svg, { fitTo: { mode: 'zoom', value: zoom } }).render().asPng(), 'Software', software);
}
