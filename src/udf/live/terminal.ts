/** Images on a terminal. */
import { colourOf, robustLimits } from './colormap.js';
import type { LivePicture } from './picture.js';

/**
 * Two pixels per character: the upper one in the foreground colour, the lower one in the background. At most `columns`
 * wide.
 */
export function halfBlocks(picture: Pick<LivePicture, 'data' | 'height' | 'width'>, columns = 64): string {
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

/** Shows an image on standard error, so that standard output stays clean; its title alone where nothing is drawn. */
export function showOnTerminal(picture: LivePicture): void {
  const { stderr, env } = process;
  const line = `${picture.title}: ${(100 * picture.done).toFixed(0)} %\n`;
  if (stderr.isTTY && env.TERM !== 'dumb') stderr.write(`${halfBlocks(picture, (stderr.columns ?? 80) - 1)}\n${line}`);
  else if (picture.final) stderr.write(line);
}
