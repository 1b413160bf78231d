/**
 * Faults of earlier versions, as the 29 sentences of CHANGELOG.md with "without a word" tell them. `faultsTold` names each
 * fault of each sentence, in the order of the file's history; forty are drawn by `fixedSeed` before any is looked at, and
 * `planted` has one change to dist/ for each of the forty, which is found there once whatever its line breaks, and words of
 * the law that finds it.
 */
import { fixedSeed } from './law.mjs';
import { randomOf } from './stills.mjs';

export const faultsTold = [
  'moments of a small cell ignore the fall-off within a block',
  'a panel at half gain is merged',
  'a clipped panel is merged',
  'disks: most given places have no disk, and the shift is that of the others',
  'full counters of a MIB are summed',
  '--html-mb without --html is ignored',
  '--no-stay without --view is ignored',
  '0 0 0 is written and ends HKLF 4',
  'a free set is lost by convert',
  'a free set is lost in new axes',
  'the loss of a free set is not said',
  'a row that is no reflection is left out uncounted',
  'a list of which one row in twenty is none is read',
  'amplitudes below 0 lose their sign',
  'σ(F²) is 2 |F| σ',
  'a list counts other rows than its file has',
  'repeated rows are averaged unsaid',
  'a word in the place of a number of mmCIF is a missing one',
  'limits of resolution that leave nothing write an empty file',
  'an array is disposed of during an asynchronous call',
  'rows end before the call does',
  'a pointer with which an asynchronous call works is freed',
  'a buffer is transferred during an asynchronous call',
  'structs by value with bit-fields within are placed wrongly',
  'structs by value with unnamed members are placed wrongly',
  'structs by value with unions are placed wrongly',
  'what is written after as() into a copy is lost',
  'what is written in use() into a copy is lost',
  'a callback cannot write into an argument of its call',
  'a limit of a merge has the unit of counts',
  'saturated pixels of files with a mask are bad pixels',
  'saturated pixels of files of reduce are bad pixels',
  'icom takes no shift for a shift of 0',
  'icom has a phase where there is no shift',
  'geometry refine drops left-handed crystals',
  'a TIFF in which 0 is white is a mask as stored',
  'TIFF with its lowest bit first is read as it is stored',
  'virtual datasets over another byte order have its bytes',
  'virtual datasets over another sign have its bytes',
  'virtual datasets over another kind have its bytes',
  'a misplaced panel is not doubted',
  'what strchr returns leads into freed memory',
  'what bsearch returns leads into freed memory',
  'what strtol writes leads into freed memory',
  'what is written in use() of a heap that grew is lost',
  'what is written in withRow() of a heap that grew is lost',
  'crystals with one axis doubled are merged',
  'crystals in 1/Å for 1/nm are merged',
  'crystals of another photon energy are merged',
  'crystals of a mirrored orientation are merged',
  'an element of aux data is undefined',
  'a file that is written over during a run is not said',
  'frames that were never written are zeros',
  'mpirun transforms axes that an array does not have',
  'a later file with a mask is searched without it',
  'a later file with lower overloads is searched with the first ones',
  'a later file with other values that are no counts is searched with the first ones',
  'a later file with another beam centre is searched with the first one',
  'halves are scaled by what they have measured themselves',
  'a transposed mask is taken',
  'a transposed map of saturation is taken',
  'infinite values are counts',
  'a frame whose photon energy is 0 is searched',
  'what merge of a function assigns is lost',
];

/** Forty of them. */
export function drawnFaults(count = 40) {
  const random = randomOf(fixedSeed);
  return faultsTold
    .map((fault) => [random(), fault])
    .sort(([a], [b]) => a - b)
    .slice(0, count)
    .map(([, fault]) => fault);
}

const changes = {
  'crystals of a mirrored orientation are merged': {
    law: 'contradict themselves',
    find: '(z + toCentre) ** 2) - toCentre); const spread',
    replace: '(toCentre - Math.abs(z)) ** 2) - toCentre); const spread',
  },
  'saturated pixels of files of reduce are bad pixels': {
    law: 'a mask of the file is',
    find: '(masks.mayVary && !isCounted)',
    replace: 'masks.mayVary',
  },
  'halves are scaled by what they have measured themselves': {
    law: 'halves of a merge',
    find: 'undefined : scaleOnto(half, onto)));',
    replace:
      'undefined : ((own) => (id) => (factor * factor) / own(id))(scaleOnto({ ...whole, information: half.information }, { ...onto, whole: half }))));',
  },
  'a word in the place of a number of mmCIF is a missing one': {
    law: 'words are no numbers',
    find: '!/^([?.]|nan)$/i.test(text))',
    replace: "text === '')",
  },
  'icom has a phase where there is no shift': {
    law: 'no shift and no phase',
    find: 'if (known[i]) map[i] = image[k];',
    replace: 'map[i] = image[k];',
  },
  'a later file with lower overloads is searched with the first ones': {
    law: 'a run over files is',
    find: 'saturation !== undefined && isOtherLimit(',
    replace: 'saturation === 0 && isOtherLimit(',
  },
  'geometry refine drops left-handed crystals': {
    law: 'of either hand alike',
    find: 'frames.push(frameOf(chunk, geometry,',
    replace: 'if (chunk.crystals.some(isLeftHanded)) continue; frames.push(frameOf(chunk, geometry,',
  },
  'structs by value with bit-fields within are placed wrongly': {
    law: 'what goes into a struct',
    find: "return name === '' ? [] : [{ offset: at + offset, size, align: 1, isFloat: false }];",
    replace: "return name === '' ? [] : [{ offset, size, align: 1, isFloat: false }];",
  },
  'a later file with other values that are no counts is searched with the first ones': {
    law: 'a run over files is',
    find: '...(marker === undefined ? [] : [`no counts at',
    replace: '...(true ? [] : [`no counts at',
  },
  'what is written after as() into a copy is lost': {
    law: 'written through a pointer into an argument',
    find: 'runtime.pointer(this.address, runtime.typeOf(type), this.lent);',
    replace: 'runtime.pointer(this.address, runtime.typeOf(type));',
  },
  '--no-stay without --view is ignored': {
    law: 'a flag that changes nothing alone',
    find: "off: 'end the page of --view with the run, at a terminal, too', fallback: true, needs: ['view'],",
    replace: "off: 'end the page of --view with the run, at a terminal, too', fallback: true,",
  },
  'a list counts other rows than its file has': {
    law: 'rows of 0 0 0',
    find: 'spaceGroup: content.spaceGroup, amplitudes, }), reflections: pairs.length,',
    replace: 'spaceGroup: content.spaceGroup, amplitudes, }), reflections: list.count,',
  },
  'virtual datasets over another sign have its bytes': {
    law: 'virtual datasets have',
    find: 'if (from === to) return (values) => values;',
    replace: "if (from.slice(1) === to.slice(1) && from[0] !== 'f' && to[0] !== 'f') return (values) => values;",
  },
  'a TIFF in which 0 is white is a mask as stored': {
    law: 'a correction from a TIFF',
    find: 'images.meta.header?.photometric === 0',
    replace: 'images.meta.header?.photometric === -1',
  },
  'a later file with a mask is searched without it': {
    law: 'a run over files is',
    find: 'if (!this.mayVary && dataset.mask !== undefined)',
    replace: 'if (false)',
  },
  'amplitudes below 0 lose their sign': {
    law: 'words are no numbers',
    find: 'amplitude * Math.abs(amplitude),',
    replace: 'amplitude * amplitude,',
  },
  'a misplaced panel is not doubted': {
    law: 'that the geometry misplaces',
    find: 'const unexplained = unexplainedPanels(this.#geometry, this.#shares.panels, this.#shiftM);',
    replace: 'const unexplained = [];',
  },
  'disks: most given places have no disk, and the shift is that of the others': {
    law: 'frames of which most given places',
    find: 'if (empty.length > disks / 2) cut.fill(1);',
    replace: '',
  },
  'structs by value with unnamed members are placed wrongly': {
    law: 'what goes into a struct',
    find: 'if (bits === undefined) return leavesOf(inner, at + offset, runtime);',
    replace: "if (bits === undefined) return leavesOf(inner, name === '' ? at : at + offset, runtime);",
  },
  'the loss of a free set is not said': {
    law: 'a free set goes along',
    find: "kind === 'hkl' || kind === 'xds' ? freeSetOf(list) : undefined",
    replace: 'undefined',
  },
  'a pointer with which an asynchronous call works is freed': {
    law: 'neither freed nor moved',
    find: 'if (pointer.isHeld) throw',
    replace: 'if (false) throw',
  },
  'infinite values are counts': {
    law: 'numbers that are none',
    find: 'dtype in largest ? Number.POSITIVE_INFINITY : largestReal;',
    replace: 'Number.POSITIVE_INFINITY;',
  },
  'what strtol writes leads into freed memory': {
    law: 'that C gives into a text',
    find: 'const lent = address ? (lending.find(address) ?? this.#pointees?.at(i).find(address)) : undefined;',
    replace: 'const lent = undefined;',
  },
  'a free set is lost by convert': {
    law: 'a free set goes along',
    find: '...(free && { free }), ...(spaceGroup !== undefined',
    replace: '...(spaceGroup !== undefined',
  },
  'full counters of a MIB are summed': {
    law: 'values above what a file states',
    find: 'saturation: header.bits && header.bits > 1 ? 2 ** header.bits - 2 : undefined,',
    replace: '',
  },
  'σ(F²) is 2 |F| σ': {
    law: 'words are no numbers',
    find: '2 * Math.abs(amplitude) * sigma + sigma * sigma,',
    replace: '2 * Math.abs(amplitude) * sigma,',
  },
  'TIFF with its lowest bit first is read as it is stored': {
    law: 'tiff with the lowest bit first',
    find: "const isReversed = numberIn(page, 'fillOrder', 1) === 2;",
    replace: 'const isReversed = false;',
  },
  'crystals of another photon energy are merged': {
    law: 'contradict themselves',
    find: "return isOffSphere(crystal, rows, first, end) ? 'offSphere' : undefined;",
    replace: 'return undefined;',
  },
  'a buffer is transferred during an asynchronous call': {
    law: 'neither freed nor moved',
    find: 'if (view.byteLength !== bytes) throw',
    replace: 'if (false) throw',
  },
  'a panel at half gain is merged': {
    law: 'panels that record other counts',
    find: 'isFarOff(one.all) || isClipped(one)',
    replace: 'isClipped(one)',
  },
  '0 0 0 is written and ends HKLF 4': {
    law: 'rows of 0 0 0',
    find: 'if (found === 0) return { list, remarks: [] };',
    replace: 'return { list, remarks: [] };',
  },
  'frames that were never written are zeros': {
    law: 'a file stores nothing',
    find: 'return { notes: [...endNotes(found.none), ...texts.map(note)], ...noLook };',
    replace: 'return { notes: [], ...noLook };',
  },
  'what is written in withRow() of a heap that grew is lost': {
    law: 'written to a view of a heap',
    find: 'scoped(() => lendView(this.space, () => use(new array(view.buffer, start, count))), nothing, this.lock());',
    replace: 'scoped(() => use(new array(view.buffer, start, count)), nothing, this.lock());',
  },
  'a clipped panel is merged': {
    law: 'panels that record other counts',
    find: 'isFarOff(one.all) || isClipped(one)',
    replace: 'isFarOff(one.all)',
  },
  'crystals in 1/Å for 1/nm are merged': {
    law: 'contradict themselves',
    find: 'isFar(lengthsOf(cell), 0,',
    replace: 'isFar(lengthsOf(cell).map((x, _, [a]) => (x * parameters[0]) / a), 0,',
  },
  'moments of a small cell ignore the fall-off within a block': {
    law: 'how steeply it falls off',
    find: 'const slope = fallOff(data, used, blocksOf(data, used, 0));',
    replace: 'const slope = 0;',
  },
  '--html-mb without --html is ignored': {
    law: 'a flag that changes nothing alone',
    find: "unit: '10⁶ bytes', value: 'MB', needs: ['html'],",
    replace: "unit: '10⁶ bytes', value: 'MB',",
  },
  'a frame whose photon energy is 0 is searched': {
    law: 'whose energy is none',
    find: "return 'the energy of the radiation is 0, as some facilities write for a pulse that was not there';",
    replace: 'return undefined;',
  },
  'limits of resolution that leave nothing write an empty file': {
    law: 'limits of resolution leave',
    find: "if (outside > 0 && reflections.length === 0) throw noneWithin('the list', list, subject.cell);",
    replace: '',
  },
  'crystals with one axis doubled are merged': {
    law: 'contradict themselves',
    find: '[lengthTolerance, angleTolerance] = [0.05, 3]',
    replace: '[lengthTolerance, angleTolerance] = [0.6, 3]',
  },
};

/** The forty: { fault, find, replace, law }. */
export const planted = drawnFaults().map((fault) => ({ fault, ...changes[fault] }));
