// Rebuilds a ninja target with changed sources: objects that depend on a changed file are compiled from a copy of the
// folder with ninja's own command, and all other objects are linked unchanged. A mutant therefore costs one compilation
// and one link, and the original build is not recompiled.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { root } from './run.mjs';

/** Runs a shell command; returns its exit code (null when it was killed) and its output. */
function shell(line, cwd) {
  return new Promise((done) => {
    const child = spawn(line, { cwd, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    child.on('error', (error) => done({ code: 127, output: error.message }));
    child.on('close', (code) => done({ code, output }));
  });
}

/** Builds that are up to date or being updated: two targets may share one build. */
const fresh = new Map();

/** Reads from ninja how each object of a target is compiled, from which files, and how the objects are linked. */
function upToDate(build, target) {
  if (!fresh.has(build)) fresh.set(build, read(build, target));
  return fresh.get(build);
}

async function read(build, target) {
  const tools = [`ninja ${target}`, `ninja -t commands ${target}`, 'ninja -t deps'];
  const outputs = [];
  for (const tool of tools) {
    const { code, output } = await shell(tool, build);
    if (code !== 0) throw new Error(`${tool} in ${build} failed:\n${output.slice(-2000)}`);
    outputs.push(output);
  }
  const [, commands, deps] = outputs;
  const lines = commands.split('\n').filter((line) => line !== '');
  const compiled = new Map();
  for (const line of lines.slice(0, -1)) {
    const [, object] = / -o (\S+) -c /.exec(line) ?? [];
    if (object) compiled.set(object, line);
  }
  const sources = new Map();
  let object;
  for (const line of deps.split('\n')) {
    if (line.startsWith('    ')) sources.get(object).add(resolve(build, line.trim()));
    else if (line !== '') {
      [object] = line.split(': #deps');
      sources.set(object, new Set());
    }
  }
  return { compiled, sources, link: lines.at(-1) };
}

export class Relinked {
  /**
   * @param build the folder in which ninja built `target`
   * @param sources the folder of the repository (`cpp`, `cuda`) that is copied and may be changed in the copy
   * @param folder the folder for the copy, its objects and the linked results
   * @param left a room whose objects are not linked, provided that nothing linked uses it
   * @param compile changes the commands that compile; an object for which it gives none stays as it was built
   * @param relink changes the link command
   */
  constructor({ build, target, sources, folder, left, compile = (line) => line, relink = (line) => line }) {
    Object.assign(this, { build, target, sources, folder, left, compile, relink });
    mkdirSync(join(folder, 'objects'), { recursive: true });
    cpSync(join(root, sources), join(folder, sources), { recursive: true });
    // Sources include neighbouring folders by ../.
    for (const other of ['cpp', 'cuda', 'node_modules'])
      if (other !== sources && existsSync(join(root, other)))
        symlinkSync(join(root, other), join(folder, other), 'dir');
  }

  /** Path of a file in the copy. */
  path(file) {
    return join(this.folder, this.sources, file);
  }

  /** The command for a group of files, which CMake includes by their whole paths, with those of the copy. */
  ungrouped(line, object) {
    const [, group] = / -c (\S*\/Unity\/\S+)/.exec(line) ?? [];
    if (!group) return line;
    const text = readFileSync(resolve(this.build, group), 'utf8');
    const own = `${object}.cpp`;
    writeFileSync(own, text.replaceAll(`${join(root, this.sources)}/`, `${join(this.folder, this.sources)}/`));
    return line.replace(` -c ${group}`, ` -c ${own}`);
  }

  /**
   * Links the original objects with recompiled objects for the changed files, which are named relative to `sources`.
   */
  async make(changed, output) {
    const { compiled, sources, link } = await upToDate(this.build, this.target);
    const paths = changed.map((file) => join(root, this.sources, file));
    const leftOut = this.left && `/${this.sources}/${this.left}/`;
    const made = new Map();
    for (const [object, command] of compiled) {
      if (leftOut && `/${object}`.includes(leftOut)) made.set(object, '');
      else if (paths.some((path) => sources.get(object)?.has(path))) {
        const own = join(this.folder, 'objects', `${made.size}-${basename(object)}`);
        const chosen = this.compile(command);
        if (chosen === undefined) continue;
        const line = chosen
          .replace(/ -MD -MT \S+ -MF \S+/, '')
          .replace(` -o ${object} `, ` -o ${own} `)
          .replaceAll(`${join(root, this.sources)}/`, `${join(this.folder, this.sources)}/`)
          .replaceAll(`${join(root, this.sources)} `, `${join(this.folder, this.sources)} `);
        const result = await shell(this.ungrouped(line, own), this.build);
        if (result.code !== 0) return result;
        made.set(object, own);
      }
    }
    if (paths.length > 0 && ![...made.values()].some((own) => own !== ''))
      return { code: 1, output: `error: nothing of ${this.target} is compiled from ${changed.join(' and ')}` };
    const line = link
      .split(' ')
      .map((word) => made.get(word) ?? word)
      .join(' ')
      .replace(/ -o \S+/, ` -o ${output}`);
    return shell(this.relink(line), this.build);
  }
}
