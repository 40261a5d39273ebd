/** Reads apt's source lists, in both of their formats, and derives the entry of a backports suite from them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Names of the options between brackets in a one-line entry, and the fields of a stanza that mean the same.
const FIELD_OF_OPTION = {
  arch: 'Architectures',
  lang: 'Languages',
  target: 'Targets',
  pdiffs: 'PDiffs',
};

/**
 * One entry: `{ types, uris, suites, components, fields }`, where `fields` are the other settings (Signed-By, Trusted ..)
 * under the names that a stanza gives them, lower-cased, with their text as it stands.
 */
export function readSources(folder = '/etc/apt') {
  const parts = join(folder, 'sources.list.d');
  const named = (ending) =>
    list(parts)
      .filter((name) => /^[\w.-]+$/.test(name) && name.endsWith(ending))
      .map((name) => join(parts, name));
  return [
    ...[join(folder, 'sources.list'), ...named('.list')].flatMap((file) => parseOneLineSources(text(file))),
    ...named('.sources').flatMap((file) => parseSourceStanzas(text(file))),
  ];
}

/** `deb [signed-by=/a/key.gpg arch=amd64] uri suite component..`, one a line. */
export function parseOneLineSources(content) {
  const entries = [];
  for (const line of content.split('\n')) {
    const match = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) continue;
    const [, type, options = '', uri, suite, components] = match;
    const fields = {};
    for (const option of options.trim().split(/\s+/)) {
      const [, name, value] = /^([\w-]+)[+-]?=(.*)$/.exec(option) ?? [];
      if (name)
        fields[(FIELD_OF_OPTION[name.toLowerCase()] ?? name).toLowerCase()] = value.replaceAll(',', ' ');
    }
    entries.push({ types: [type], uris: [uri], suites: [suite], components: words(components), fields });
  }
  return entries;
}

/** Stanzas of `Name: value`, a value going on in indented lines, stanzas apart by an empty line. */
export function parseSourceStanzas(content) {
  const lines = content.split('\n').filter((line) => !line.startsWith('#'));
  const stanzas = lines.join('\n').split(/\n\s*\n/);
  return stanzas.map(parseStanza).filter((entry) => entry !== undefined);
}

function parseStanza(stanza) {
  const fields = {};
  let current;
  for (const line of stanza.split('\n')) {
    const start = /^([\w-]+):\s*(.*)$/.exec(line);
    if (start) {
      current = start[1].toLowerCase();
      fields[current] = start[2].trim();
    } else if (current && /^\s/.test(line)) {
      fields[current] += `\n${line}`;
    }
  }
  const { types, uris, suites, components = '', enabled = 'yes', ...others } = fields;
  if (!types || !uris || !suites || /^(no|false|without|off|disable|0)$/i.test(enabled)) return undefined;
  return {
    types: words(types),
    uris: words(uris),
    suites: words(suites),
    components: words(components),
    fields: others,
  };
}

export function isConfigured(entries, suite) {
  return entries.some((entry) => entry.types.includes('deb') && suitesOf(entry).includes(suite));
}

/**
 * The entry for `<release>-backports` on the mirror that serves the release itself, or undefined where none does.
 * A mirror that also has `<release>-updates` comes first: vendors name suites after Debian's too, but not that one.
 */
export function backportsEntry(entries, release) {
  const mirrors = entries.filter(
    (entry) =>
      entry.types.includes('deb') &&
      entry.components.includes('main') &&
      suitesOf(entry).includes(release) &&
      entry.uris.some(isMirror),
  );
  const updated = new Set(
    entries.filter((entry) => suitesOf(entry).includes(`${release}-updates`)).flatMap((entry) => entry.uris),
  );
  const chosen = mirrors.find((entry) => entry.uris.some((uri) => updated.has(uri))) ?? mirrors[0];
  if (!chosen) return undefined;
  return {
    types: ['deb'],
    uris: chosen.uris.filter(isMirror),
    suites: [`${release}-backports`],
    components: ['main'],
    fields: chosen.fields,
  };
}

export function formatStanza({ types, uris, suites, components, fields }) {
  const named = {
    Types: types.join(' '),
    URIs: uris.join(' '),
    Suites: suites.join(' '),
    ...(components.length > 0 && { Components: components.join(' ') }),
    ...fields,
  };
  return Object.entries(named)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

function isMirror(uri) {
  return !uri.startsWith('cdrom:');
}

function suitesOf(entry) {
  return entry.suites.map((suite) => suite.replace(/\/$/, ''));
}

function words(value) {
  return value.split(/\s+/).filter((word) => word !== '');
}

function list(folder) {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function text(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
