/** Variants of one test: `npm run test:all` runs the first of them, `npm run nightly` the others. */
const command = process.env.EWALD_TEST_COMMAND;

/** The tag of variants. */
export const tier = command === 'nightly' ? 'nightly' : 'all';

/** Of a list those that this command runs: the `usual` first ones, or the others; all if no command is given. */
export function variants<T>(list: readonly T[], usual = 1): readonly T[] {
  if (command === undefined || command === '' || process.env.EWALD_TEST_ROOM) return list;
  return command === 'nightly' ? list.slice(usual) : list.slice(0, usual);
}
