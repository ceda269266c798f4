/** Our own signs for terminals that know no Unicode: one for one, so that columns stay. Letters of other scripts are left alone. */

const SIGNS: Readonly<Record<string, string>> = {
  '·': '-',
  '–': '-',
  '…': '~',
  '→': '>',
  '≈': '~',
  '≤': '<',
  '≥': '>',
  '±': '~',
  '×': 'x',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '✓': '+',
  '✗': 'x',
  '▶': '>',
  '❯': '>',
  '─': '-',
  '│': '|',
}

const PATTERN = new RegExp(`[${Object.keys(SIGNS).join('')}]`, 'g')

export const asciiSigns = (text: string): string => text.replace(PATTERN, (sign) => SIGNS[sign]!)
