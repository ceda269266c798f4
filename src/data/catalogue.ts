/**
 * The data sets kpipe knows by name: where they are, whose they are, what may be done with them, what their labels mean.
 * Facts only; how an unpacked set is read is layouts/, and docs/datasets.md is the same in prose.
 */
import { nearest } from '../lib/nearest.ts'
import type { UnpackLimits } from './archive-gate.ts'
import type { LayoutName } from './layouts/index.ts'
import type { Room, SourceInfo } from './manifest.ts'

export interface CatalogueFile {
  readonly name: string
  /** null: only by hand, see `manual`. */
  readonly url: string | null
  /** Exact where a checksum stands beside it, else about; null = unknown. */
  readonly bytes: number | null
  readonly sha256: string | null
  readonly md5: string | null
  /** Who says so, or why there is no checksum. */
  readonly checksumFrom: string
}

export interface CatalogueEntry {
  readonly id: CatalogueId
  readonly title: string
  /** SPDX id where the publisher names a licence, else a sentence. */
  readonly licence: string
  readonly citation: string
  readonly homepage: string
  readonly files: readonly CatalogueFile[]
  /** How to get it where there is no direct address, or ''. */
  readonly manual: string
  /** Rooms of the Kelly layout it fills. */
  readonly rooms: readonly Room[]
  /** What the labels are, in a few words; 'none' where there are none. */
  readonly labels: string
  /** Scale of its valence and arousal; mapped linearly to -1 … 1. */
  readonly labelRange: { readonly low: number; readonly high: number } | null
  /** The publisher's own split, or 'none'. */
  readonly splits: string
  /** How it lies on disk and is read. */
  readonly layout: LayoutName
  /** What is odd about it, and what kpipe does about that. */
  readonly quirks: readonly string[]
  /** Ceiling for what an honest archive unpacks to (of the files kpipe keeps). */
  readonly limits: UnpackLimits
}

export type CatalogueId =
  | 'groove'
  | 'e-gmd'
  | 'maestro'
  | 'vgmidi'
  | 'lakh-clean'
  | 'slakh2100'
  | 'deam'
  | 'pmemo'
  | 'pop909'
  | 'emopia'
  | 'openewld'
  | 'mcgill-billboard'
  | 'weimar'

const MAGENTA = 'https://storage.googleapis.com/magentadata/datasets'
const POP909_COMMIT = '20f0d4dbae56c6064e9297ecc85f8af3564a0ea5'
const OPENEWLD_COMMIT = 'ec03cbd809ca5296ee708591b970d0423dcbe31c'
const VGMIDI_COMMIT = '1e62f0af8c866ded8e665cefad06dc02c35cb739'

export const catalogue: Readonly<Record<CatalogueId, CatalogueEntry>> = {
  groove: {
    id: 'groove',
    title: 'Groove MIDI Dataset 1.0.0',
    licence: 'CC-BY-4.0',
    citation:
      'Gillick, Roberts, Engel, Eck, Bamman: Learning to Groove with Inverse Sequence Transformations. ICML 2019',
    homepage: 'https://magenta.tensorflow.org/datasets/groove',
    files: [
      {
        name: 'groove-v1.0.0-midionly.zip',
        url: `${MAGENTA}/groove/groove-v1.0.0-midionly.zip`,
        bytes: 3_260_318,
        sha256: '651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e',
        md5: null,
        checksumFrom: 'TensorFlow Datasets, groove/checksums.tsv',
      },
    ],
    manual: '',
    rooms: ['drums'],
    labels: 'none (style, tempo, drummer)',
    labelRange: null,
    splits: 'train 897, validation 124, test 129 takes (info.csv)',
    layout: 'groove',
    quirks: [
      'hits of no length and Roland drum numbers, as recorded',
      'the split puts takes of one session on both sides: a take is a source of its own',
    ],
    limits: { maxBytes: 100e6, maxEntries: 5000, maxRatio: 50 },
  },
  'e-gmd': {
    id: 'e-gmd',
    title: 'Expanded Groove MIDI Dataset 1.0.0',
    licence: 'CC-BY-4.0',
    citation:
      'Callender, Hawthorne, Engel: Improving Perceptual Quality of Drum Transcription with the Expanded Groove MIDI Dataset. 2020',
    homepage: 'https://magenta.tensorflow.org/datasets/e-gmd',
    files: [
      {
        name: 'e-gmd-v1.0.0-midi.zip',
        url: `${MAGENTA}/e-gmd/v1.0.0/e-gmd-v1.0.0-midi.zip`,
        bytes: 107_076_192,
        sha256: '5e70a6f4d760385a5e5ec986a2f02179d96f61181a920e592876b577a75844d3',
        md5: null,
        checksumFrom: 'recorded by independent users of the publisher’s file',
      },
    ],
    manual: '',
    rooms: ['drums'],
    labels: 'none (style, tempo, drummer, kit)',
    labelRange: null,
    splits: 'train, validation, test (e-gmd-v1.0.0.csv)',
    layout: 'e-gmd',
    quirks: ['every performance 43 times, once a drum kit: the kit with the lowest number is taken'],
    limits: { maxBytes: 4e9, maxEntries: 120_000, maxRatio: 100 },
  },
  maestro: {
    id: 'maestro',
    title: 'MAESTRO 3.0.0 (MIDI)',
    licence: 'CC-BY-NC-SA-4.0',
    citation:
      'Hawthorne et al.: Enabling Factorized Piano Music Modeling and Generation with the MAESTRO Dataset. ICLR 2019',
    homepage: 'https://magenta.tensorflow.org/datasets/maestro',
    files: [
      {
        name: 'maestro-v3.0.0-midi.zip',
        url: `${MAGENTA}/maestro/v3.0.0/maestro-v3.0.0-midi.zip`,
        bytes: 58_416_533,
        sha256: '70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c',
        md5: null,
        checksumFrom: 'the publisher, as listed by MusPy',
      },
    ],
    manual: '',
    rooms: ['midi'],
    labels: 'none (composer, title, year)',
    labelRange: null,
    splits: 'train 962, validation 137, test 177 performances (maestro-v3.0.0.csv)',
    layout: 'maestro',
    quirks: ['a piece is played by several people: composer and title are the source'],
    limits: { maxBytes: 1e9, maxEntries: 5000, maxRatio: 50 },
  },
  vgmidi: {
    id: 'vgmidi',
    title: 'VGMIDI (labelled phrases)',
    licence: 'none stated by the publisher',
    citation: 'Ferreira, Whitehead: Learning to Generate Music with Sentiment. ISMIR 2019',
    homepage: 'https://github.com/lucasnfe/vgmidi',
    files: [
      {
        name: `vgmidi-${VGMIDI_COMMIT.slice(0, 8)}.zip`,
        url: `https://codeload.github.com/lucasnfe/vgmidi/zip/${VGMIDI_COMMIT}`,
        bytes: null,
        sha256: null,
        md5: null,
        checksumFrom: 'none: the archive is made on request; the address names one commit',
      },
    ],
    manual: '',
    rooms: ['midi'],
    labels: 'valence and arousal, only their signs, from 30 listeners',
    labelRange: { low: -1, high: 1 },
    splits: 'none',
    layout: 'vgmidi',
    quirks: ['only the signs of valence and arousal are known', 'the unrated pieces are left out'],
    limits: { maxBytes: 2e9, maxEntries: 30_000, maxRatio: 100 },
  },
  'lakh-clean': {
    id: 'lakh-clean',
    title: 'Lakh MIDI Dataset 0.1, clean subset',
    licence: 'CC-BY-4.0',
    citation:
      'Raffel: Learning-Based Methods for Comparing Sequences, with Applications to Audio-to-MIDI Alignment and Matching. PhD thesis, Columbia University 2016',
    homepage: 'https://colinraffel.com/projects/lmd/',
    files: [
      {
        name: 'clean_midi.tar.gz',
        url: 'http://hog.ee.columbia.edu/craffel/lmd/clean_midi.tar.gz',
        bytes: 234_283_029,
        sha256: null,
        md5: null,
        checksumFrom: 'none published for this file',
      },
    ],
    manual: '',
    rooms: ['midi'],
    labels: 'none (artist, title)',
    labelRange: null,
    splits: 'none',
    layout: 'lakh',
    quirks: [
      '`Title.1.mid` is another transcription of `Title.mid`: one source',
      'some files are damaged: validate names them',
      'names that differ only in case are kept once',
    ],
    limits: { maxBytes: 5e9, maxEntries: 60_000, maxRatio: 100 },
  },
  slakh2100: {
    id: 'slakh2100',
    title: 'Slakh2100-redux (MIDI)',
    licence: 'CC-BY-4.0',
    citation: 'Manilow, Wichern, Seetharaman, Le Roux: Cutting Music Source Separation Some Slakh. WASPAA 2019',
    homepage: 'http://www.slakh.com/',
    files: [
      {
        name: 'slakh2100_flac_redux.tar.gz',
        url: 'https://zenodo.org/records/4599666/files/slakh2100_flac_redux.tar.gz?download=1',
        bytes: 104_322_767_708,
        sha256: null,
        md5: 'f4b71b6c45ac9b506f59788456b3f0c4',
        checksumFrom: 'Zenodo record 4599666, which publishes MD5 only',
      },
    ],
    manual: '',
    rooms: ['midi', 'drums'],
    labels: 'none (instruments)',
    labelRange: null,
    splits: 'train, validation, test folders; `omitted` holds repeated songs and is left out',
    layout: 'slakh2100',
    quirks: [
      'song and drum stem of a track are one source',
      '`omitted` tracks repeat others and are left out',
      'the rendered audio has no emotion labels and is not unpacked',
    ],
    limits: { maxBytes: 10e9, maxEntries: 250_000, maxRatio: 20 },
  },
  deam: {
    id: 'deam',
    title: 'DEAM, MediaEval Database for Emotional Analysis in Music',
    licence: 'songs: a Creative Commons licence each; annotations: for research, see the homepage',
    citation: 'Aljanaki, Yang, Soleymani: Developing a benchmark for emotional analysis of music. PLoS ONE 12(3), 2017',
    homepage: 'https://cvml.unige.ch/databases/DEAM/',
    files: [
      {
        name: 'DEAM_Annotations.zip',
        url: 'https://cvml.unige.ch/databases/DEAM/DEAM_Annotations.zip',
        bytes: 4_735_283,
        sha256: '809b0feb4ba6196c1eda9b2b7b33b892b11fa71457cfceb0d47e832ed1a5f15f',
        md5: null,
        checksumFrom: 'none published; recorded by two independent users of the publisher’s file',
      },
      {
        name: 'DEAM_audio.zip',
        url: 'https://cvml.unige.ch/databases/DEAM/DEAM_audio.zip',
        bytes: 1_343_203_527,
        sha256: 'e2814325f573ade8caebc697f0efcfdf7207142b737d72558a416117ca591353',
        md5: null,
        checksumFrom: 'none published; recorded by one user of the publisher’s file',
      },
    ],
    manual: '',
    rooms: ['audio'],
    labels: 'valence and arousal of the song, mean of at least 5 listeners',
    labelRange: { low: 1, high: 9 },
    splits: 'none used; the MediaEval year is kept as the column `subset`',
    layout: 'deam',
    quirks: [
      'ratings are means on 1 … 9 and become (x - 5) / 4; one outside is left out by name, 5 % of them stop the run',
    ],
    limits: { maxBytes: 5e9, maxEntries: 20_000, maxRatio: 100 },
  },
  pmemo: {
    id: 'pmemo',
    title: 'PMEmo 2019 (chorus clips)',
    licence: 'none stated by the publisher; for research',
    citation: 'Zhang, Zhang, Yang, Li, Sun: The PMEmo Dataset for Music Emotion Recognition. ICMR 2018',
    homepage: 'https://github.com/HuiZhangDB/PMEmo',
    files: [
      {
        name: 'PMEmo2019.zip',
        url: null,
        bytes: 680_000_000,
        sha256: null,
        md5: null,
        checksumFrom: 'none published',
      },
    ],
    manual: 'its homepage links a shared drive that asks for a click; get PMEmo2019.zip there',
    rooms: ['audio'],
    labels: 'valence and arousal of the chorus, mean of at least 10 listeners',
    labelRange: { low: 0, high: 1 },
    splits: 'none',
    layout: 'pmemo',
    quirks: ['ratings are means on 0 … 1 and become 2x - 1', 'clips without a rating are left out and counted'],
    limits: { maxBytes: 5e9, maxEntries: 20_000, maxRatio: 100 },
  },
  pop909: {
    id: 'pop909',
    title: 'POP909',
    licence: 'MIT',
    citation:
      'Wang, Chen, Jiang, Zhang, Xu, Dai, Bin, Xia: POP909: A Pop-song Dataset for Music Arrangement Generation. ISMIR 2020',
    homepage: 'https://github.com/music-x-lab/POP909-Dataset',
    files: [
      {
        name: `pop909-${POP909_COMMIT.slice(0, 8)}.zip`,
        url: `https://codeload.github.com/music-x-lab/POP909-Dataset/zip/${POP909_COMMIT}`,
        bytes: null,
        sha256: null,
        md5: null,
        checksumFrom: 'none: the archive is made on request; the address names one commit',
      },
    ],
    manual: '',
    rooms: ['midi', 'chords'],
    labels: 'none (key, chords)',
    labelRange: null,
    splits: 'none',
    layout: 'pop909',
    quirks: [
      'versions/ holds other arrangements of the same songs and is left out',
      'music and chords of a song are one source',
      'time signatures of 1/4 (617 songs) and several tempi (365 songs), as published',
    ],
    limits: { maxBytes: 500e6, maxEntries: 30_000, maxRatio: 100 },
  },
  emopia: {
    id: 'emopia',
    title: 'EMOPIA 2.1',
    licence: 'CC-BY-NC-SA-4.0',
    citation:
      'Hung, Ching, Doh, Kim, Nam, Yang: EMOPIA: A Multi-Modal Pop Piano Dataset For Emotion Recognition and Emotion-based Music Generation. ISMIR 2021',
    homepage: 'https://annahung31.github.io/EMOPIA/',
    files: [
      {
        name: 'EMOPIA_2.1.zip',
        url: 'https://zenodo.org/record/5151045/files/EMOPIA_2.1.zip',
        bytes: null,
        sha256: '609309244444f88c0205e1381cc79d2bf7154f2a387a6f9f0229a54f92f89578',
        md5: null,
        checksumFrom: 'Zenodo record 5151045, as listed by MusPy',
      },
    ],
    manual: '',
    rooms: ['midi'],
    labels: 'quadrant of the emotion, Q1 … Q4',
    labelRange: { low: -1, high: 1 },
    splits: 'none used',
    layout: 'emopia',
    quirks: [
      'only the signs of valence and arousal are known: they stand as ±0.5',
      'clips of one video are one source',
    ],
    limits: { maxBytes: 500e6, maxEntries: 20_000, maxRatio: 100 },
  },
  openewld: {
    id: 'openewld',
    title: 'OpenEWLD lead sheets',
    licence: 'scores: public domain; metadata: MIT, CC0-1.0 and CC-BY-NC-3.0',
    citation: 'Simonetta: Enhanced Wikifonia Leadsheet Dataset. 2018',
    homepage: 'https://github.com/00sapo/OpenEWLD',
    files: [
      {
        name: `openewld-${OPENEWLD_COMMIT.slice(0, 8)}.zip`,
        url: `https://codeload.github.com/00sapo/OpenEWLD/zip/${OPENEWLD_COMMIT}`,
        bytes: null,
        sha256: null,
        md5: null,
        checksumFrom: 'none: the archive is made on request; the address names one commit',
      },
    ],
    manual: '',
    rooms: ['chords'],
    labels: 'none (key, composer)',
    labelRange: null,
    splits: 'none',
    layout: 'openewld',
    quirks: [
      'chord symbols are read from the .mxl scores, melodies are not',
      'MIDI made of it with an index.json is read as well',
    ],
    limits: { maxBytes: 200e6, maxEntries: 10_000, maxRatio: 100 },
  },
  'mcgill-billboard': {
    id: 'mcgill-billboard',
    title: 'McGill Billboard 2.0 (chords)',
    licence: 'CC0-1.0',
    citation:
      'Burgoyne, Wild, Fujinaga: An Expert Ground Truth Set for Audio Chord Recognition and Music Analysis. ISMIR 2011',
    homepage: 'https://ddmal.ca/research/The_McGill_Billboard_Project_(Chord_Analysis_Dataset)/',
    files: [
      {
        name: 'billboard-2.0-salami_chords.tar.gz',
        url: 'https://www.dropbox.com/s/2lvny9ves8kns4o/billboard-2.0-salami_chords.tar.gz?dl=1',
        bytes: null,
        sha256: null,
        md5: null,
        checksumFrom: 'none published for this file',
      },
    ],
    manual: '',
    rooms: ['chords'],
    labels: 'none (artist, title, metre, tonic)',
    labelRange: null,
    splits: 'none',
    layout: 'mcgill-billboard',
    quirks: [
      '150 of 890 annotations are byte-identical copies of others: the first is kept',
      'artist and title are the source',
    ],
    limits: { maxBytes: 100e6, maxEntries: 10_000, maxRatio: 100 },
  },
  weimar: {
    id: 'weimar',
    title: 'Weimar Jazz Database 2.0 (MIDI)',
    licence: 'ODbL-1.0',
    citation: 'Pfleiderer, Frieler, Abesser, Zaddach, Burkhart: Inside the Jazzomat. Schott Campus 2017',
    homepage: 'https://jazzomat.hfm-weimar.de/dbformat/dboverview.html',
    files: [
      {
        name: 'RELEASE2.0_mid_unquant.zip',
        url: 'https://jazzomat.hfm-weimar.de/download/downloads/RELEASE2.0_mid_unquant.zip',
        bytes: 1_345_859,
        sha256: null,
        md5: null,
        checksumFrom: 'none published',
      },
    ],
    manual: '',
    rooms: ['midi', 'chords'],
    labels: 'none (performer, title; with index.json key, style, tempo, chords)',
    labelRange: null,
    splits: 'none',
    layout: 'weimar',
    quirks: [
      'solos over one tune share its changes: the tune is the source, whoever plays',
      'one tempo event a beat, as published',
      'chords only where an index.json lies beside the solos: the published MIDI has none',
    ],
    limits: { maxBytes: 100e6, maxEntries: 5000, maxRatio: 100 },
  },
}

export const catalogueIds = Object.keys(catalogue) as readonly CatalogueId[]

export function isCatalogueId(name: string): name is CatalogueId {
  return Object.hasOwn(catalogue, name)
}

/** `source.json` of a catalogued set. */
export function sourceInfo(entry: CatalogueEntry): SourceInfo {
  const { id, title, licence, citation, homepage } = entry
  return { format: 'kpipe-source/1', name: id, title, licence, citation, url: homepage, generated: false }
}

/** Rows for `kpipe list datasets`. */
export function describeDatasets(): Record<string, string>[] {
  const demo = {
    name: 'demo',
    title: 'music composed and rendered by kpipe',
    rooms: 'audio, midi, chords, drums',
    size: '',
    licence: '',
  }
  const rows = Object.values(catalogue).map(({ id, title, rooms, files, manual, licence }) => {
    const bytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0)
    const size = bytes === 0 ? '' : bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
    return { name: id, title, rooms: rooms.join(', '), size, licence: manual ? `${licence} (by hand)` : licence }
  })
  return [demo, ...rows]
}

/** What somebody may have meant by `name`, or ''. Knows the names the sets go by elsewhere. */
export function nearestSource(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  const exact = Object.entries(ALSO_CALLED).find(([alias]) => alias === plain)?.[1]
  return exact ?? nearest(name.toLowerCase(), ['demo', ...catalogueIds]) ?? ''
}

const ALSO_CALLED: Readonly<Record<string, CatalogueId>> = {
  gmd: 'groove',
  groovemidi: 'groove',
  egmd: 'e-gmd',
  maestrov3: 'maestro',
  lakh: 'lakh-clean',
  lmd: 'lakh-clean',
  lakhclean: 'lakh-clean',
  cleanmidi: 'lakh-clean',
  slakh: 'slakh2100',
  pop909dataset: 'pop909',
  billboard: 'mcgill-billboard',
  mcgill: 'mcgill-billboard',
  ewld: 'openewld',
  weimarjazz: 'weimar',
  wjazzd: 'weimar',
}
