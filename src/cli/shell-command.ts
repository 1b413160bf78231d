/** Commands whose refusals of what was typed say what is meant. */

import { Command, type Option } from 'commander';
import { nearest } from '../entries/command.node.js';
import { EwaldError } from '../entries/index.node.js';

// The messages of commander are methods for a subclass to replace, which its types leave out.
declare module 'commander' {
  interface Command {
    unknownOption(flag: string): void;
    unknownCommand(): void;
    missingMandatoryOptionValue(option: Option): void;
    _excessArguments(words: string[]): void;
  }
}

type FlagNames = Readonly<Record<string, Readonly<Record<string, string>>>>;
/** Flags of other commands that have another name here, by command. */
const otherFlags: FlagNames = {
  // A scan without frames has failed, and a run without further frames is complete.
  run: { '--no-data-timeout': '--stall' },
  index: { '--stall': '--no-data-timeout', '--timeout': '--no-data-timeout' },
};

/** What is meant by words that other programs have for an option. */
const meantFlags: Readonly<Record<string, string>> = {
  '--wavelength': 'the wavelength is a line of the geometry, "wavelength = 1.24 A" (-g), unless the frames state it',
  '--energy': 'the energy is a line of the geometry, "photon_energy = 9500 eV" (-g), unless the frames state it',
  '--help-all': 'ewald COMMAND --help all lists all options, ewald help OPTION explains one',
};

/** The flag that is meant by a word behind a command that takes none. */
const meantFlagOf: Readonly<Record<string, string>> = { pi: '--points' };

/** What is meant by two names without a flag, `convert a.h5 b.npy`, as cp has them. */
function meantOutput(command: Command): string | undefined {
  // An unknown flag, such as --out, is reported here as well.
  const args = command.args.filter((word) => !word.startsWith('-'));
  const output = args.at(-1);
  if (command.name() !== 'convert' || args.length < 2 || output === undefined) return undefined;
  const name = /\.(h5|npy|raw|mrc)$/i.test(output) ? output : `${output}.h5`;
  return `; the output has a flag: ewald convert ${args.slice(0, -1).join(' ')} -o ${name}`;
}

/** A command, or one below it. */
class ShellCommand extends Command {
  override createCommand(name?: string): Command {
    return new ShellCommand(name);
  }

  override _excessArguments(words: string[]): void {
    const name = this.name();
    const flag = Object.hasOwn(meantFlagOf, name) ? meantFlagOf[name] : undefined;
    if (flag !== undefined && words.length === 1)
      throw new EwaldError('Argument', `ewald ${name} takes no words; did you mean ewald ${name} ${flag} ${words[0]}?`);
    super._excessArguments(words);
  }

  override missingMandatoryOptionValue({ flags, description }: Option): void {
    const meant = meantOutput(this);
    this.error(`error: required option '${flags}' not specified${meant ?? `: ${description}`}`, { exitCode: 1 });
  }

  // Commander compares the whole word, so that `--treshold=12` would resemble no flag.
  override unknownOption(word: string): void {
    const flag = word.replace(/^(--[^=]+)=.*$/s, '$1');
    const present = otherFlags[this.name()]?.[flag];
    if (present !== undefined) throw new EwaldError('Argument', `${flag} of this command is called ${present}`);
    if (flag !== word && this.options.some((option) => option.long === flag && !option.required && !option.optional))
      throw new EwaldError('Argument', `${flag} takes no value; give ${flag} alone, or leave it out`);
    // Commander's own suggestion compares whole names: --max-res for --max-frames.
    const flags = this.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : []));
    const said = Object.hasOwn(meantFlags, flag) ? meantFlags[flag] : undefined;
    // The beginning of one name, --geom, or of that of the output, --out beside --out-shape.
    const begun = flags.filter((one) => flag.length > 4 && one.startsWith(flag));
    const near =
      begun.find((one, _, { length }) => length === 1 || one === '--output') ?? nearest(flag, [...flags, '--help']);
    const meant = said !== undefined ? `\n(${said})` : near === undefined ? '' : `\n(Did you mean ${near}?)`;
    this.error(`error: unknown option '${flag}'${meant}`, { exitCode: 1 });
  }

  // A command with a file in the place of its subcommand: ewald geometry run.geom.
  override unknownCommand(): void {
    const [word = '', ...rest] = this.args;
    if (word === 'help')
      throw new EwaldError('Argument', `did you mean ewald ${[this.name(), ...rest].join(' ')} --help?`);
    const first = this.commands.map((command) => command.name()).find((name) => name === 'check' || name === 'info');
    if (first !== undefined && /[./]/.test(word))
      throw new EwaldError('Argument', `${word} is a file; expected ewald ${this.name()} ${first} ${word}`);
    super.unknownCommand();
  }
}

/** The program `ewald`, to which commands are added. */
export class Program extends Command {
  override createCommand(name?: string): Command {
    return new ShellCommand(name);
  }
}

/** Commands leave ending the process to their program, and so do those below them. */
export function leaveEnding(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help lists the options)');
  for (const child of command.commands) leaveEnding(child);
}
