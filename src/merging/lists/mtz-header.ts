/** The header records of an MTZ file of merged data. */

/** A column as the header describes it. */
export interface MtzHeaderColumn {
  readonly label: string;
  readonly type: string;
  /** The number of its data set. */
  readonly set: string;
}

/** What the records say. */
export interface MtzHeader {
  /** The words after a key, of each record that begins with it. */
  readonly wordsOf: (key: string) => readonly (readonly string[])[];
  readonly columns: readonly MtzHeaderColumn[];
  readonly operators: readonly string[];
  readonly spaceGroupName: string | undefined;
  readonly spaceGroupNumber: number | undefined;
  /** Of a column's data set, else of the file; lengths in angstrom and angles in degrees. */
  readonly parametersOf: (column: MtzHeaderColumn) => readonly number[] | undefined;
  /** Of a column's data set, angstrom; undefined if it states none. */
  readonly wavelengthOf: (column: MtzHeaderColumn) => number | undefined;
}

/** Reads the records. */
export function mtzHeader(all: readonly string[]): MtzHeader {
  // The history behind END is text of programs.
  const end = all.indexOf('END');
  const records = end < 0 ? all : all.slice(0, end);
  const linesOf = (key: string): string[] => records.filter((line) => line.startsWith(`${key} `));
  const wordsOf = (key: string): string[][] => linesOf(key).map((line) => line.trim().split(/\s+/).slice(1));
  const syminf = linesOf('SYMINF')[0] ?? '';
  // CCP4 numbers other settings 1146, 3005, …
  const number = Number(/^SYMINF\s+\d+\s+\d+\s+\S\s+(\d+)/.exec(syminf)?.[1] ?? 0) % 1000;
  return {
    wordsOf,
    columns: wordsOf('COLUMN').map(([label = '', type = '', , , set = '']) => ({ label, type, set })),
    operators: linesOf('SYMM').map((line) => line.slice(5).trim()),
    spaceGroupName: /'\s*([^']*?)\s*'/.exec(syminf)?.[1] || undefined,
    spaceGroupNumber: number >= 1 && number <= 230 ? number : undefined,
    parametersOf({ set }) {
      const own = wordsOf('DCELL')
        .find(([of]) => of === set)
        ?.slice(1);
      const ofFile = wordsOf('CELL')[0];
      return [own, ofFile]
        .map((words) => words?.map(Number))
        .find((six) => six?.length === 6 && six.every((x) => x > 0));
    },
    wavelengthOf({ set }) {
      const stated = Number(wordsOf('DWAVEL').find(([of]) => of === set)?.[1]);
      return stated > 0 ? stated : undefined;
    },
  };
}
