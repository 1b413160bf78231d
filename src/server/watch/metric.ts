/** The text format of Prometheus (version 0.0.4). */

type Value = readonly [value: number | undefined, labels?: Readonly<Record<string, string>>];

/** One metric: its help, its type and its values; nothing without a value. */
export function metric(name: string, type: 'counter' | 'gauge', help: string, values: readonly Value[]): string {
  const lines = values.flatMap(([value, labels = {}]) => {
    if (value === undefined) return [];
    const list = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return [`${name}${list.length > 0 ? `{${list.join(',')}}` : ''} ${value}\n`];
  });
  return lines.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

const escaped = (text: string): string => text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
