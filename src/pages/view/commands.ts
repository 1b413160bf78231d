/** The command that computes what a pane shows. */
import { inShell, kebab } from '../../entries/pages.js';
import type { OpenRequest, VirtualShape } from './protocol.js';
import { isLive, quantities, type ScanQuantity } from './scan-quantities.js';

/** The flags of the options with which a file was opened. */
export const openingFlags = (opening: OpenRequest['opening'] = {}): string[] =>
  Object.entries(opening).flatMap(([name, value]) => (value === undefined ? [] : [`--${kebab(name)}`, String(value)]));

/** What a command needs to be told to give what is shown. */
export interface CommandOf {
  readonly quantity: ScanQuantity;
  readonly shape: VirtualShape;
  readonly file: string;
  /** Flags with which the file was opened. */
  readonly opening: readonly string[];
  /** The file of the calibration, as it is saved. */
  readonly calibration: string;
  readonly scanRotation?: number | undefined;
  readonly flipY?: boolean | undefined;
  /** Pixels without a count, which only the calibration can name. */
  readonly without?: readonly unknown[] | undefined;
}

const number = (value: number): string => String(Number(value.toPrecision(12)));

/** The command that computes what is shown; undefined for a detector that no command has. */
export function commandOf(about: CommandOf): string | undefined {
  const { quantity, shape, file, opening, calibration, scanRotation, flipY, without = [] } = about;
  const { analysis, channel } = quantities[quantity];
  const { kind, outer, inner } = shape;
  // Commands count from the centre of the first pixel, the page counts from its corner.
  const [cx, cy] = [shape.cx - 0.5, shape.cy - 0.5];
  const centre = ['--cx', number(cx), '--cy', number(cy)];
  const known = without.length > 0 ? ['--calibration', calibration] : [];
  const written = (name: string, flags: readonly string[]): string =>
    ['ewald', 'run', name, file, ...opening, ...flags, '--channel', channel, '-o', `${quantity}.npy`]
      .map(inShell)
      .join(' ');
  if (!isLive(quantity)) return written(analysis, ['--calibration', calibration]);
  if (kind === 'square') return undefined;
  if (analysis === 'detector') {
    if (kind === 'disk') return written('disk', [...centre, '-r', number(outer), ...known]);
    if (kind === 'ring') return written('ring', [...centre, '--ri', number(inner), '--ro', number(outer), ...known]);
    return written('point', ['-x', number(Math.floor(shape.cx)), '-y', number(Math.floor(shape.cy)), ...known]);
  }
  if (kind === 'point') return undefined;
  const ring = ['-r', number(outer), ...(kind === 'ring' ? ['--ri', number(inner)] : [])];
  const axes = [
    ...(scanRotation === undefined ? [] : ['--scan-rotation', number(scanRotation)]),
    ...(flipY ? ['--flip-y'] : []),
    ...known,
  ];
  return written(analysis, [...centre, ...ring, ...axes, ...(analysis === 'com' ? ['--regression', 'mean'] : [])]);
}
