// Finds circles in a graph of files: files that need each other, and folders beside each other that do. A folder's own
// files and those of folders in it are one room: they may use each other, as long as no file needs itself in the end.

/** `imports`: file -> files, as paths with "/". Gives a line for each circle: who is in it, and by which imports. */
export function findCircles(imports) {
  const circles = connect(imports).map((files) => files.join(', '));
  for (const [edges, reasons] of groupByParent(imports).values()) {
    for (const folders of connect(edges)) {
      const why = folders.flatMap((from) =>
        [...edges.get(from)].filter((to) => folders.includes(to)).map((to) => reasons.get(`${from} ${to}`)),
      );
      circles.push(`${folders.join(', ')} (${why.join('; ')})`);
    }
  }
  return circles;
}

/** Parent folder -> edges between what is in it, each with one import that is its reason. */
function groupByParent(imports) {
  const parents = new Map();
  for (const [file, targets] of imports) {
    for (const target of targets) {
      const [a, b] = [file.split('/'), target.split('/')];
      const at = a.findIndex((name, i) => name !== b[i]);
      // One of them is a file of a folder that both are in.
      if (at < 0 || at >= a.length - 1 || at >= b.length - 1) continue;
      const parent = a.slice(0, at).join('/');
      const [from, to] = [a, b].map((names) => names.slice(0, at + 1).join('/'));
      const [edges, reasons] = parents.get(parent) ?? [new Map(), new Map()];
      parents.set(parent, [edges, reasons]);
      edges.set(from, (edges.get(from) ?? new Set()).add(to));
      if (!reasons.has(`${from} ${to}`)) reasons.set(`${from} ${to}`, `${file} -> ${target}`);
    }
  }
  return parents;
}

/** Strongly connected components of more than one node (Tarjan). */
function connect(edges) {
  const order = new Map();
  const lowest = new Map();
  const stack = [];
  const components = [];
  const visit = (node) => {
    order.set(node, order.size);
    lowest.set(node, order.get(node));
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(node, Math.min(lowest.get(node), lowest.get(next)));
    }
    if (lowest.get(node) !== order.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1) components.push(component);
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return components;
}
