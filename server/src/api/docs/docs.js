// Draws /openapi.json. All text goes in as text, never as HTML.
'use strict';

const el = (name, ...children) => {
  const element = document.createElement(name);
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
};
const code = (text) => el('code', text);
const refName = (schema) => (schema && schema.$ref ? schema.$ref.split('/').pop() : undefined);

/** A schema in a few words. */
function typeOf(schema) {
  if (!schema) return '';
  const name = refName(schema);
  if (name) {
    const link = el('a', name);
    link.href = `#schema-${name}`;
    return link;
  }
  if (schema.oneOf) return typeOf(schema.oneOf.find((one) => one.type !== 'null'));
  if (schema.type === 'array' || (Array.isArray(schema.type) && schema.type.includes('array'))) {
    return el('span', 'list of ', typeOf(schema.items));
  }
  return [].concat(schema.type ?? 'any').filter((type) => type !== 'null').join(' or ');
}

function table(headings, rows) {
  const head = el('tr', ...headings.map((text) => {
    const cell = el('th', text);
    cell.scope = 'col';
    return cell;
  }));
  const body = rows.map((cells) => el('tr', ...cells.map((cell) => el('td', cell ?? ''))));
  return el('table', el('thead', head), el('tbody', ...body));
}

const content = (body) => Object.entries((body && body.content) || {});

/** The examples of a body, each to be opened. */
const examples = (openapi, what, body) => content(body).map(([type, media]) => {
  const name = refName(media.examples?.demo);
  if (!name) return undefined;
  const { value } = openapi.components.examples[name];
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return el('details', el('summary', `${what}, by example: `, code(type)), el('pre', text));
});

function operation(openapi, method, path, described) {
  const label = el('span', method.toUpperCase());
  label.className = 'method';
  const parts = [el('summary', label, ' ', code(path), ` ${described.summary ?? ''}`)];
  if (described.description) parts.push(el('p', described.description));
  if (described.security) parts.push(el('p', 'Needs a bearer token.'));
  if (described.parameters) {
    parts.push(table(['Parameter', 'In', 'Meaning'],
      described.parameters.map((p) => [code(p.name), p.in, `${p.description ?? ''}${p.required ? '' : ' (optional)'}`])));
  }
  const body = content(described.requestBody);
  if (body.length) parts.push(table(['Body', ''], body.map(([type, media]) => [code(type), typeOf(media.schema)])));
  parts.push(...examples(openapi, 'Asked', described.requestBody));
  parts.push(table(['Status', 'Answer', 'Type', ''], Object.entries(described.responses).map(([status, response]) => {
    const [[type, media] = ['', {}]] = content(response);
    return [status, response.description, type && code(type), typeOf(media.schema)];
  })));
  const [, succeeded] = Object.entries(described.responses).find(([status]) => status.startsWith('2'));
  parts.push(...examples(openapi, 'Answered', succeeded));
  return el('details', ...parts);
}

function schema(name, described) {
  const heading = el('h3', name);
  heading.id = `schema-${name}`;
  const required = described.required ?? [];
  const rows = Object.entries(described.properties ?? {}).map(([member, of]) =>
    [code(member), typeOf(of), `${of.description ?? ''}${required.includes(member) ? '' : ' (optional)'}`]);
  return el('section', heading, el('p', described.description ?? ''), table(['Member', 'Type', 'Meaning'], rows));
}

function draw(openapi) {
  const sections = openapi.tags.map((tag) => {
    const section = el('section', el('h2', tag.description));
    for (const [path, item] of Object.entries(openapi.paths)) {
      for (const [method, described] of Object.entries(item)) {
        if (described.tags?.includes(tag.name)) section.append(operation(openapi, method, path, described));
      }
    }
    return section;
  });
  const schemas = Object.entries(openapi.components.schemas).map(([name, described]) => schema(name, described));
  return [el('p', openapi.info.description), ...sections, el('section', el('h2', 'Schemas'), ...schemas)];
}

const target = document.getElementById('interface');
fetch('/openapi.json')
  .then((response) => response.json())
  .then((openapi) => target.replaceChildren(...draw(openapi)))
  .catch(() => target.replaceChildren('The document could not be read.'));
