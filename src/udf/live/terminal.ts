/** Images on a terminal: kitty or sixel graphics on terminals known to support them, half blocks elsewhere. */
import { colourOf, robustLimits, toRgba } from '../images/colormap.js';
import { expectsPicture, type LivePicture } from './picture.js';

/** How a terminal displays images. */
type TerminalGraphics = 'kitty' | 'sixel' | 'blocks' | 'none';

/** The capabilities of a terminal, from its environment. */
function graphicsOf(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): TerminalGraphics {
  if (!isTerminal || env.TERM === 'dumb') return 'none';
  if (env.KITTY_WINDOW_ID || env.TERM === 'xterm-kitty' || env.TERM_PROGRAM === 'ghostty') return 'kitty';
  if (/sixel|mlterm|foot|contour|yaft/.test(env.TERM ?? '') || env.TERM_PROGRAM === 'WezTerm') return 'sixel';
  return 'blocks';
}

/**
 * Two pixels per character: the upper one in the foreground colour, the lower one in the background. At most `columns`
 * wide.
 */
export function halfBlocks(picture: Pick<LivePicture, 'data' | 'height' | 'width'>, columns = 64): string {
  expectsPicture('halfBlocks', picture);
  const { data, height, width } = picture;
  const step = Math.max(1, Math.ceil(width / columns));
  const [low, high] = robustLimits(data);
  const at = (y: number, x: number): string => {
    const value = data[Math.min(height - 1, y) * width + Math.min(width - 1, x)] as number;
    return Number.isNaN(value) ? '0;0;0' : colourOf((value - low) / (high - low)).join(';');
  };
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2 * step) {
    let line = '';
    for (let x = 0; x < width; x += step) line += `\u001b[38;2;${at(y, x)}m\u001b[48;2;${at(y + step, x)}m▀`;
    lines.push(`${line}\u001b[0m`);
  }
  return lines.join('\n');
}

/** The image in kitty's protocol: RGBA in base64, in pieces of 4096 characters. */
export function kitty(picture: Pick<LivePicture, 'data' | 'height' | 'width'>): string {
  expectsPicture('kitty', picture);
  const { data, height, width } = picture;
  const rgba = toRgba(data);
  let binary = '';
  for (let i = 0; i < rgba.length; i += 8192) binary += String.fromCharCode(...rgba.subarray(i, i + 8192));
  const text = btoa(binary);
  let out = '';
  for (let i = 0; i < text.length; i += 4096) {
    const more = i + 4096 < text.length ? 1 : 0;
    const head = i === 0 ? `a=T,f=32,s=${width},v=${height},` : '';
    out += `\u001b_G${head}m=${more};${text.slice(i, i + 4096)}\u001b\\`;
  }
  return out;
}

/** The image in sixels, with 64 colours of the map. */
export function sixel(picture: Pick<LivePicture, 'data' | 'height' | 'width'>): string {
  expectsPicture('sixel', picture);
  const { data, height, width } = picture;
  const [low, high] = robustLimits(data);
  const levels = 64;
  const level = Uint8Array.from({ length: height * width }, (_, i) => {
    const value = ((data[i] as number) - low) / (high - low);
    return Math.max(0, Math.min(levels - 1, Math.floor((Number.isNaN(value) ? 0 : value) * levels)));
  });
  let out = `\u001bPq"1;1;${width};${height}`;
  for (let k = 0; k < levels; k++)
    out += `#${k};2;${colourOf((k + 0.5) / levels)
      .map((c) => Math.round(c / 2.55))
      .join(';')}`;
  for (let y = 0; y < height; y += 6) {
    const used = new Set(level.subarray(y * width, Math.min(height, y + 6) * width));
    for (const k of used) {
      out += `#${k}`;
      for (let x = 0; x < width; x++) {
        let bits = 0;
        for (let i = 0; i < 6 && y + i < height; i++) if (level[(y + i) * width + x] === k) bits |= 1 << i;
        out += String.fromCharCode(63 + bits);
      }
      out += '$';
    }
    out += '-';
  }
  return `${out}\u001b\\`;
}

/** Shows an image on standard error, so that standard output stays clean. */
export function showOnTerminal(picture: LivePicture): void {
  const { stderr, env } = process;
  const graphics = graphicsOf(env, Boolean(stderr.isTTY));
  const line = `${picture.title}: ${(100 * picture.done).toFixed(0)} %\n`;
  if (graphics === 'none') {
    if (picture.final) stderr.write(line);
    return;
  }
  const drawn =
    graphics === 'kitty'
      ? kitty(picture)
      : graphics === 'sixel'
        ? sixel(picture)
        : halfBlocks(picture, (stderr.columns ?? 80) - 1);
  stderr.write(`${drawn}\n${line}`);
}
