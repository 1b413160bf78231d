// @module-tag all: whole runs.
/**
 * Frames over ZeroMQ, sent by the reference implementation of the sockets and encoded by an independent MessagePack
 * library: the stream equals that of the file.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { dectrisMessages, dectrisV1Messages } from '../support/dectris.js';

const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
const zmq = await import('zeromq').catch(() => undefined);
const ready = dataFolder !== undefined && zmq !== undefined;
const absent = ready ? '' : ` (absent: ${dataFolder ? 'zeromq' : 'no test data'})`;

let folder = '';
let frames: Uint16Array[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-zmq-'));
  if (!dataFolder) return;
  const dataset = await open(sim('mono.h5'));
  const all = (await dataset.read(0, dataset.frames)) as Uint16Array;
  frames = Array.from({ length: dataset.frames }, (_, i) => all.slice(i * 2 ** 20, (i + 1) * 2 ** 20));
  await dataset.dispose();
});
afterAll(() => rm(folder, { recursive: true }));

/** A numpy array in the encoding that CrystFEL reads. */
const numpy = (numbers: Uint16Array, type: string) => ({
  type,
  shape: [1024, 1024],
  data: new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength),
});

/** CrystFEL's example: energy, distance and frame by their keys. */
const geometryOf = (more = ''): string =>
  readFileSync(sim('mono.geom'), 'utf8')
    .replace(/^wavelength = .*$/m, 'photon_energy = beam_energy eV')
    .replace(/^clen = .*$/m, 'clen = detector_distance mm')
    .replace(/^data = .*$/m, `data = detector_data\n${more}`)
    .replace(/^dim\d = .*$/gm, '');

const beam = { beam_energy: 12398.4198433 / 1.3, detector_distance: 60 };
const usual = ['-p', sim('mono.cell'), '--threshold=12', '--min-res=20', '--backend=wasm', '--no-data-timeout=6'];
/** Peaks, crystals and reflections. */
const lists = (text: string): string[] =>
  text.split('\n').filter((line) => /^ *-?\d+ +-?\d+ +-?\d+ .* p0$|^ *\d+\.\d+ .* p0$|^(astar|Cell|num_)/.test(line));
const ofFile = async (): Promise<string> => {
  // The energy must be equal to the last digit, because the reflection that bounds a profile is at its edge.
  const geometry = join(folder, 'file.geom');
  const energy = `photon_energy = ${beam.beam_energy} eV`;
  writeFileSync(geometry, readFileSync(sim('mono.geom'), 'utf8').replace(/^wavelength = .*$/m, energy));
  const words = ['index', sim('mono.h5'), '-g', geometry, ...usual.slice(0, 5), '-o', '-', '-j', '1'];
  return (await ewald(words)).out;
};

describe.skipIf(!ready)(`frames by ZeroMQ${absent}`, () => {
  test.for(['2'])('subscribed: the stream equals that of the file, in order, on %s workers', async (jobs) => {
    const geometry = join(folder, 'live.geom');
    writeFileSync(geometry, geometryOf());
    const stream = join(folder, `live-${jobs}.stream`);
    const publisher = new (zmq ?? expect.fail()).XPublisher({ linger: 0 });
    await publisher.bind('tcp://127.0.0.1:*');
    const address = publisher.lastEndpoint ?? '';
    const words = ['index', '--zmq-input', address, '--zmq-subscribe', 'ondaframedata', '-g', geometry, ...usual];
    const page = join(folder, 'live.html');
    const run = ewald([...words, '-j', jobs, '-o', stream, '--html', page]);
    // Messages published before a client subscribes are lost, so the frames are sent after a subscription arrives.
    expect(String((await publisher.receive())[0])).toBe('\x01ondaframedata');
    await publisher.send(['hello', 'nobody asked for this']);
    for (const [i, frame] of frames.entries()) {
      const message = { ...beam, detector_data: numpy(frame, '<u2') };
      await publisher.send(['ondaframedata', encode(i === 0 ? [message, { other: 1 }] : message)]);
      if (i === 2) await publisher.send(['ondaframedata', encode({ ...beam, nothing: 1 })]);
    }
    const { code, err, out } = await run;
    publisher.close();
    // The message without a frame is reported, counted and skipped.
    expect(err).toMatch(
      /✗ tcp:.* \/\/3: message 4 of tcp.*: detector_data is not in the message, which contains beam_energy/,
    );
    expect(out).toMatch(/6 of 7 frames indexed, 6 crystals/);
    expect(code, err).toBe(1);
    // Frames arrive only once, but are shown in the report: the best one, a typical one, and the powder of all.
    expect(err).not.toMatch(/shows no frames/);
    const report = readFileSync(page, 'utf8');
    expect(report).toMatch(/maximum of every pixel over 6 frames/);
    expect(report.match(/data:image\/png/g)).toHaveLength(3);
    const text = readFileSync(stream, 'utf8');
    expect(lists(text).length).toBeGreaterThan(1000);
    expect(lists(text)).toEqual(lists(await ofFile()));
    expect([...text.matchAll(/^Event: (.*)$/gm)].map(([, event]) => event)).toEqual([
      '//0',
      '//1',
      '//2',
      '//4',
      '//5',
      '//6',
    ]);
    expect(text).toContain(`Image filename: ${address}\n`);
    expect(text).toMatch(/^average_camera_length = 0\.060000 m$/m);
  });

  test('requested, with peaks sent along; pulled, as DECTRIS sends them', { tags: 'nightly' }, async () => {
    const { Reply, Push } = zmq ?? expect.fail();
    const peaks = { fs: [] as number[], ss: [] as number[], intensity: [] as number[] };
    const whole = await ofFile();
    const first = whole.slice(whole.indexOf('Peaks from'), whole.indexOf('End of peak list'));
    for (const [, fs, ss, intensity] of first.matchAll(/^ *([\d.]+) +([\d.]+) +[\d.]+ +([\d.]+) +p0$/gm)) {
      peaks.fs.push(Number(fs) - 0.5);
      peaks.ss.push(Number(ss) - 0.5);
      peaks.intensity.push(Number(intensity));
    }
    const geometry = join(folder, 'request.geom');
    writeFileSync(geometry, geometryOf('peak_list = peaks'));
    const reply = new Reply({ linger: 0 });
    await reply.bind('tcp://127.0.0.1:*');
    const asked: string[] = [];
    const serve = (async () => {
      for await (const [word] of reply) {
        asked.push(String(word));
        if (asked.length > 1) return;
        await reply.send(encode({ ...beam, detector_data: numpy(frames[0] ?? expect.fail(), '<u2'), peaks }));
      }
    })();
    const address = reply.lastEndpoint ?? '';
    const words = ['index', '--zmq-input', address, '--zmq-request', 'next', '-g', geometry, '-p', sim('mono.cell')];
    const { code, out, err } = await ewald([...words, '--peaks=msgpack', '--no-data-timeout=3', '--json', '-j', '1']);
    await serve;
    reply.close();
    expect(code, err).toBe(0);
    expect(asked).toEqual(['next', 'next']);
    expect(JSON.parse(out.trim())).toMatchObject({ filename: address, event: 0, peaks: peaks.fs.length });
    expect(JSON.parse(out.trim()).crystals).toHaveLength(1);

    const push = new Push({ linger: 0 });
    await push.bind('tcp://127.0.0.1:*');
    const source = ['--zmq-input', push.lastEndpoint ?? '', '--zmq-pull'];
    const pulled = ewald(['index', ...source, ...usual, '-o', '-', '-j', '1']);
    // One series by stream V2, another one by V1.
    const shape = [1024, 1024] as const;
    for (const message of await dectrisMessages(frames.slice(0, 3), shape)) await push.send(message);
    for (const parts of await dectrisV1Messages(frames.slice(3), shape)) await push.send(parts);
    const run = await pulled;
    push.close();
    // No geometry was given: the start message contains the position of the detector.
    expect(run.code, run.err).toBe(0);
    // Compares peaks, not reflections: the beam centre is exact in one and rounded in the other, and the bad region
    // comes from the geometry.
    const rows = (text: string): string[] => text.match(/^ *\d+\.\d\d +\d+\.\d\d +.* p0$/gm) ?? [];
    const same = rows(run.out).filter((row) => rows(whole).includes(row)).length;
    expect(rows(run.out).length).toBeGreaterThan(500);
    expect(same).toBeGreaterThan(0.97 * rows(whole).length);
    expect(run.out.match(/Begin crystal/g)).toHaveLength(6);
  });

  test('a series with another distance than the first one is named, and the results are doubtful', async () => {
    const { Push } = zmq ?? expect.fail();
    const push = new Push({ linger: 0 });
    await push.bind('tcp://127.0.0.1:*');
    const source = ['--zmq-input', push.lastEndpoint ?? '', '--zmq-pull', '--no-data-timeout=3'];
    const more = [...usual.slice(0, 4), '--backend=wasm', '-o', join(folder, 'series.stream'), '-j', '1'];
    const pulled = ewald(['index', ...source, '-g', sim('mono.geom'), ...more]);
    for (const [i, distanceM] of [0.06, 0.09].entries())
      for (const message of await dectrisMessages(frames.slice(2 * i, 2 * i + 2), [1024, 1024], {
        series: i + 1,
        distanceM,
      }))
        await push.send(message);
    const { code, err } = await pulled;
    push.close();
    expect(err).toMatch(/series 2 of \S+ states a distance of 0\.09 m, not 0\.06 m as series 1 of \S+ does/);
    expect(code).toBe(1);
  });

  test('spots and lattices that a stream sends are compared, and used only if they are asked for', {
    tags: 'nightly',
  }, async () => {
    const { Push } = zmq ?? expect.fail();
    const whole = (await ofFile()).split('----- Begin chunk -----').slice(1, 4);
    // As counted from the centre of the first pixel; the third image has other spots and no lattice.
    const spotsOf = (chunk = ''): number[][] =>
      [...chunk.matchAll(/^ *(\d+\.\d\d) +(\d+\.\d\d) +\d+\.\d+ +(\d+\.\d+) +p0$/gm)].map(([, x, y, i]) => [
        Number(x) - 0.5,
        Number(y) - 0.5,
        Number(i),
      ]);
    const cell = [36.2, 62.5, 98.1, 90, 97.3, 90];
    const found = (image: number) => {
      const spots = spotsOf(whole[image]);
      return image < 2 ? { spots, cell } : { spots: spots.map(([x = 0, y = 0, i = 0]) => [x + 9, y, i]) };
    };
    const run = async (...more: string[]) => {
      const push = new Push({ linger: 0 });
      await push.bind('tcp://127.0.0.1:*');
      const source = ['--zmq-input', push.lastEndpoint ?? '', '--zmq-pull', '--no-data-timeout=3'];
      const pulled = ewald(['index', ...source, ...usual.slice(0, 2), '--backend=wasm', '-j', '1', ...more]);
      for (const message of await dectrisMessages(frames.slice(0, 3), [1024, 1024], { found, release: '1.0.0-rc.135' }))
        await push.send(message);
      const done = await pulled;
      push.close();
      return done;
    };
    expect(spotsOf(whole[0]).length).toBeGreaterThan(20);
    const compared = await run('-o', join(folder, 'compared.stream'), '--threshold=12');
    expect(compared.out, compared.err).toMatch(
      /The stream's spots agree in 67 % of 3 hits, -?0\.0\d, -?0\.0\d px beside ours\. Its lattices agree in 67 % of 3 frames that either indexed\./,
    );
    expect(readFileSync(join(folder, 'compared.stream'), 'utf8')).not.toContain('ewald/spots_of');
    const file = join(folder, 'used.h5');
    const used = await run('-o', '-', '--peaks=stream', '--hdf5', file);
    expect(used.out.match(/^ewald\/spots_of = jfjoch 1\.0\.0-rc\.135$/gm), used.err).toHaveLength(3);
    expect(used.out.match(/^num_peaks = \d+$/gm)).toEqual(whole.map((chunk) => `num_peaks = ${spotsOf(chunk).length}`));
    expect(readFileSync(file).toString('latin1')).toMatch(/spots_of[\s\S]{1,99}jfjoch 1\.0\.0-rc\.135/);
    // As if the stream counted from the corner: half a pixel beside those that are found here.
    const refusedRun = await run('-o', join(folder, 'refused.stream'), '--peaks=stream', '--no-half-pixel-shift');
    expect(refusedRun.code, refusedRun.err).toBe(2);
    expect(refusedRun.err).toMatch(
      /spots that the stream sends lie −0\.5\d?, −0\.5\d? px .* beside those found here \(\d+ spots in 3 frames\)/,
    );
    expect(existsSync(join(folder, 'refused.stream'))).toBe(false);
  });

  for (const version of ['V1', 'V2'])
    test(`an image of a DECTRIS series ${version} that does not arrive is reported, and the run ends with 1`, {
      tags: 'nightly',
    }, async () => {
      const { Push } = zmq ?? expect.fail();
      const push = new Push({ linger: 0 });
      await push.bind('tcp://127.0.0.1:*');
      const address = push.lastEndpoint ?? '';
      const log = join(folder, `${version}.log`);
      const words = [
        'index',
        '--zmq-input',
        address,
        '--zmq-pull',
        '-p',
        'none',
        '--backend=wasm',
        '-j',
        '1',
        '--json',
      ];
      const stream = join(folder, `${version}.stream`);
      const pulled = ewald([...words, '--no-data-timeout=6', '--log', log, '-o', stream, '--force']);
      const shape = [1024, 1024] as const;
      const messages: (Uint8Array | Uint8Array[])[] =
        version === 'V2'
          ? await dectrisMessages(frames.slice(0, 4), shape)
          : await dectrisV1Messages(frames.slice(0, 4), shape);
      // The last message ends the series; the four before it are its images.
      const missing = messages.length - 4;
      for (const [i, message] of messages.entries()) if (i !== missing) await push.send(message);
      const { code, out, err } = await pulled;
      push.close();
      expect(out.trim().split('\n'), err).toHaveLength(3);
      expect(err).toMatch(/image 1(?: of series \d+)? did not arrive before image 2/);
      expect(err).toMatch(/; 1 did not arrive/);
      expect(code).toBe(1);
      const lines = readFileSync(log, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.find(({ event }) => event === 'end')).toMatchObject({ done: 3, lost: 1 });
      expect(lines.filter(({ event }) => event === 'frames-lost')).toMatchObject([{ frames: 1 }]);
      // Frames are counted as they arrive, and have the number of the detector beside it.
      const text = readFileSync(stream, 'utf8');
      expect(text.match(/^Event: .*/gm)).toEqual(['//0', '//1', '//2'].map((event) => `Event: ${event}`));
      expect(text.match(/(?<=^ewald\/image = )\d+/gm)).toEqual(['0', '2', '3']);
    });

  test('Ctrl-C within a series completes the outputs, and what would have followed is not lost', {
    tags: 'nightly',
  }, async () => {
    const { Push } = zmq ?? expect.fail();
    const push = new Push({ linger: 0 });
    await push.bind('tcp://127.0.0.1:*');
    const address = push.lastEndpoint ?? '';
    const [stream, html] = [join(folder, 'cut.stream'), join(folder, 'cut.html')];
    const words = ['index', '--zmq-input', address, '--zmq-pull', '-p', 'none', '--backend=wasm', '-j', '1'];
    const more = ['-o', stream, '--html', html, '--hdf5', join(folder, 'cut.h5'), '--first-frames-timeout', '0'];
    const part = `${stream}.part`;
    const interruptWhen = () =>
      existsSync(part) && (readFileSync(part, 'utf8').match(/Begin chunk/g)?.length ?? 0) >= 3;
    const pulled = ewald([...words, ...more, '--no-data-timeout=60'], { interruptWhen });
    // Four images of a series that has not ended.
    for (const message of (await dectrisMessages(frames.slice(0, 5), [1024, 1024])).slice(0, -2))
      await push.send(message);
    const { code, out, err } = await pulled;
    push.close();
    expect(code, err).toBe(130);
    expect(err).not.toMatch(/did not arrive|resume|stream merge/);
    expect(out).not.toMatch(/did not arrive/);
    expect(readFileSync(stream, 'utf8').match(/End chunk/g)).toHaveLength(4);
    expect(readFileSync(html, 'utf8')).toContain('<b>4</b>');
    expect(existsSync(join(folder, 'cut.h5'))).toBe(true);
    for (const left of [part, `${stream}.frames`]) expect(existsSync(left), left).toBe(false);
  });

  test('missing data and conflicting flags are reported with advice', { tags: 'nightly' }, async () => {
    const cases = [
      [
        ['--zmq-input', 'tcp://127.0.0.1:9', '--no-data-timeout=0.2', '-p', 'none'],
        1,
        /nothing .*received from tcp:\/\/127.0.0.1:9 in 0\.2 s; is it sending/,
      ],
      [['--zmq-input', 'nonsense', '-p', 'none'], 2, /--zmq-input is "nonsense"; expected an address such as tcp:/],
      [
        ['--zmq-input', 'tcp://127.0.0.1:9', '-p', 'none', '--zmq-pull', '--zmq-request=next'],
        2,
        /different kinds of sockets/,
      ],
      [
        ['--zmq-input', 'tcp://127.0.0.1:9', '-p', 'none', '--resume', '-o', 'a.stream'],
        2,
        /--resume belongs to frames in files/,
      ],
      [['--zmq-input', 'tcp://127.0.0.1:9', '-p', 'none', sim('mono.h5')], 2, /give only one of them/],
      [['--zmq-request=next', sim('mono.h5')], 2, /--zmq-request belongs to frames by ZeroMQ; .*--zmq-input ADDRESS/],
      [['--peaks=msgpack', sim('mono.h5')], 2, /for files use cxi or hdf5/],
      [['--peaks=stream', sim('mono.h5')], 2, /--peaks stream reads peaks from messages.*for files use cxi or hdf5/],
    ] as const;
    for (const [words, wanted, message] of cases) {
      const { code, err } = await ewald(['index', ...words, '--backend=wasm']);
      expect(err).toMatch(message);
      expect(err).not.toMatch(/at .*\.js:/);
      expect(code, err).toBe(wanted);
    }
    expect(existsSync('a.stream')).toBe(false);
  });

  test('without the peer, the error names the package to install', async () => {
    const [hook, loader] = [join(folder, 'hook.mjs'), join(folder, 'loader.mjs')];
    writeFileSync(
      loader,
      `export const resolve = (name, context, next) => {
         if (name === 'zeromq') throw new Error('not here');
         return next(name, context);
       };`,
    );
    writeFileSync(hook, `import { register } from 'node:module'; register(${JSON.stringify(`file://${loader}`)});`);
    const env = { NODE_OPTIONS: `--import=${hook}` };
    const { code, err } = await ewald(['index', '--zmq-input=tcp://127.0.0.1:9', '-p', 'none'], { env });
    expect(err).toMatch(/frames by ZeroMQ requires its client: npm install zeromq@6/);
    expect(code).not.toBe(0);
  });
});
