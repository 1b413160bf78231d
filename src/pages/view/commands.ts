/** The command that computes what a pane shows. */
import { flagWords, inShell, kebab, runOfShape } from '../../entries/pages.js';
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
  x: '-x',
  y: '-y',
  maskRadius: '-r',
  maskRadiusInner: '--ri',
};

/** An analysis, as a run on the machine of the server is asked for it as well. */
export interface AskedAnalysis {
  readonly analysis: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether it takes the calibration. */
  readonly isCalibrated: boolean;
}

/** What computes the numbers that are shown; undefined for a detector that no analysis has. */
export function askedOf(about: Omit<CommandOf, 'file' | 'opening' | 'calibration'>): AskedAnalysis | undefined {
  const { quantity, shape, without = [] } = about;
  const { analysis, channel } = quantities[quantity];
  const channels = [channel];
  if (!isLive(quantity)) return { analysis, settings: { channels }, isCalibrated: true };
  const run = runOfShape(shape, analysis === 'detector' ? 'sum' : (analysis as 'com' | 'icom'), about);
  return run && { analysis: run.name, settings: { ...run.options, channels }, isCalibrated: without.length > 0 };
}

/** The command that computes what is shown; undefined for a detector that no command has. */
export function commandOf(about: CommandOf): string | undefined {
  const asked = askedOf(about);
  if (!asked) return undefined;
  const { channels, ...settings } = asked.settings;
  const flags = { ...settings, ...(asked.isCalibrated && { calibration: about.calibration }), channel: channels };
  const words = flagWords(flags, (name) => flagOf[name] ?? `--${kebab(name)}`);
  return ['ewald', 'run', asked.analysis, about.file, ...about.opening, ...words, '-o', `${about.quantity}.npy`]
    .map(inShell)
    .join(' ');
}
