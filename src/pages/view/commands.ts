/** The command that computes what a pane shows. */
import { inShell, kebab, runOfShape } from '../../entries/pages.js';
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

/** The flags of options that analyses have; several have one. */
const flagOf: Readonly<Record<string, string>> = {
  r: '-r',
  maskRadius: '-r',
  maskRadiusInner: '--ri',
  x: '-x',
  y: '-y',
};

/** The options of an analysis as flags. */
const flagsOf = (options: object): string[] =>
  Object.entries(options).flatMap(([name, value]) => {
    const flag = flagOf[name] ?? `--${kebab(name)}`;
    return value === true ? [flag] : [flag, String(value)];
  });

/** The command that computes what is shown; undefined for a detector that no command has. */
export function commandOf(about: CommandOf): string | undefined {
  const { quantity, shape, file, opening, calibration, without = [] } = about;
  const { analysis, channel } = quantities[quantity];
  const known = without.length > 0 ? ['--calibration', calibration] : [];
  const written = (name: string, flags: readonly string[]): string =>
    ['ewald', 'run', name, file, ...opening, ...flags, '--channel', channel, '-o', `${quantity}.npy`]
      .map(inShell)
      .join(' ');
  if (!isLive(quantity)) return written(analysis, ['--calibration', calibration]);
  const run = runOfShape(shape, analysis === 'detector' ? 'sum' : (analysis as 'com' | 'icom'), about);
  return run && written(run.name, [...flagsOf(run.options), ...known]);
}
