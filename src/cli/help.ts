/** `--help` of commands with many options: what people type, then the options under headings. */
import { type Command, Help } from 'commander';
import { type FoundParameter, flagOf, type HelpFlag, type HelpPage, helpPage } from '../entries/command.node.js';
import { RowFlag } from './parameter-flags.js';

/** The columns of COLUMNS, otherwise of the terminal; files and pipes have 80. */
export const columns = (): number => {
  const given = Number(process.env.COLUMNS);
  return Math.max(40, Number.isInteger(given) && given > 0 ? given : (process.stdout.columns ?? 80));
};

/** The help of a command: all options, or those that most runs need. */
export function helpOf(command: Command, helper: Help, examples: HelpPage['examples'], all: boolean): string {
  if (examples.length === 0) return Help.prototype.formatHelp.call(helper, command, helper);
  const flags = helper.visibleOptions(command).flatMap((option): HelpFlag[] => {
    const [[name, row] = ['', undefined]] = option instanceof RowFlag ? Object.entries(option.rows) : [];
    if (row === undefined) return [];
    const { flags: term, long: flag = '', whose, description } = option as RowFlag;
    // `ewald run ssb --help` is about the flags of one analysis.
    const isWanted = row.group === 'analysis' && command.args.some((word) => !word.startsWith('-'));
    return [{ term, flag, row, whose, isWanted, line: flag === flagOf(name, row) ? undefined : description }];
  });
  const operands = helper.visibleArguments(command).map((one) => [helper.argumentTerm(one), one.description] as const);
  const below = helper.visibleCommands(command).filter((one) => one.name() !== 'help');
  const commands = below.map((one) => [helper.subcommandTerm(one), one.description()] as const);
  const page = {
    description: command.description(),
    examples,
    usage: helper.commandUsage(command),
    operands,
    commands,
  };
  return helpPage(page, flags, { width: columns(), all });
}

/** The flags of a command and of those below it. */
export const commandParameters = (command: Command, words: string): FoundParameter[] => [
  ...command.options.flatMap((option) =>
    option instanceof RowFlag ? Object.entries(option.rows).map(([name, row]) => ({ command: words, name, row })) : [],
  ),
  ...command.commands.flatMap((child) => commandParameters(child, `${words} ${child.name()}`.trim())),
];
