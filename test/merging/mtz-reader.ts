/** A reader of MTZ files for tests, after CCP4's description of the format; it shares no code with the writer. */

export interface ReadMtz {
  readonly title: string;
  readonly rows: number[][];
  readonly columns: { label: string; type: string; low: number; high: number; set: number }[];
  readonly cell: number[];
  readonly operators: string[];
  readonly spaceGroup: Record<string, string | number>;
  readonly resolution: number[];
  readonly wavelengths: number[];
  readonly history: string[];
}

/** Throws if the bytes are not an MTZ file. */
export function readMtz(bytes: Uint8Array): ReadMtz {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
  if (text(0, 4) !== 'MTZ ') throw new Error('no MTZ');
  if (bytes[8] !== 0x44 || bytes[9] !== 0x41) throw new Error('the machine stamp is not that of little-endian numbers');
  const head = 4 * (view.getInt32(4, true) - 1);
  if ((bytes.length - head) % 80 !== 0) throw new Error('the header does not consist of records of 80 characters');
  const records = Array.from({ length: (bytes.length - head) / 80 }, (_, i) =>
    text(head + 80 * i, head + 80 * i + 80).trimEnd(),
  );
  const words = (record: string): string[] => record.trim().split(/\s+/);
  const of = (key: string): string[] => records.filter((record) => words(record)[0] === key);
  const numbers = (key: string): number[] =>
    words(of(key)[0] ?? '')
      .slice(1)
      .map(Number);
  if (records[0] !== 'VERS MTZ:V1.1' || records.at(-1) !== 'MTZENDOFHEADERS' || !records.includes('END'))
    throw new Error('the header does not begin or end as it should');
  const [width = 0, count = 0] = numbers('NCOL');
  if (head !== 80 + 4 * width * count) throw new Error('the header does not follow the rows');
  const rows = Array.from({ length: count }, (_, row) =>
    Array.from({ length: width }, (_, column) => view.getFloat32(80 + 4 * (row * width + column), true)),
  );
  const columns = of('COLUMN').map((record) => {
    const [, label = '', type = '', low, high, set] = words(record);
    return { label, type, low: Number(low), high: Number(high), set: Number(set) };
  });
  if (columns.length !== width) throw new Error('the columns are not as many as stated');
  const [, operators, primitive, letter = '', number, name = '', pointGroup = ''] =
    /^SYMINF\s+(\d+)\s+(\d+)\s+(\S)\s+(\d+)\s+'([^']*)'\s+(\S+)/.exec(of('SYMINF')[0] ?? '') ?? [];
  const history = records.findIndex((record) => record.startsWith('MTZHIST'));
  return {
    title: (of('TITLE')[0] ?? '').slice(6),
    rows,
    columns,
    cell: numbers('CELL'),
    operators: of('SYMM').map((record) => record.slice(5)),
    spaceGroup: {
      operators: Number(operators),
      primitive: Number(primitive),
      letter,
      number: Number(number),
      name,
      pointGroup,
    },
    resolution: numbers('RESO'),
    wavelengths: of('DWAVEL').map((record) => Number(words(record)[2])),
    history: history < 0 ? [] : records.slice(history + 1, -1),
  };
}
