/** Words of a command line as a shell takes them: quoted where it would take them apart. */

/** A word as one types it into a shell: in quotation marks, if a shell would take it apart. */
export const inShell = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** Settings as the words of flags: a switch that is on has none behind it, several texts have the flag before each. */
export const flagWords = (settings: Readonly<Record<string, unknown>>, flagOf: (name: string) => string): string[] =>
  Object.entries(settings).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [flagOf(name)];
    const isTexts = Array.isArray(value) && typeof (value[0] ?? '') === 'string';
    return (isTexts ? (value as string[]) : [value]).flatMap((one) => [flagOf(name), String(one)]);
  });

/** The words of a command line that `inShell` wrote; one whose quotation marks do not match is split at its spaces. */
export function shellWords(line: string): string[] {
  const marks = line.replaceAll("\\'", '').split("'").length - 1;
  if (marks % 2 === 1) return line.split(' ');
  const words = line.match(/(?:'[^']*'|\\'|[^\s'])+/g) ?? [];
  return words.map((word) => word.replace(/'([^']*)'|\\'/g, (_, quoted?: string) => quoted ?? "'"));
}
