// Bundles the page into the Python package, where the server finds it: `npm run build`, or `make graphiql`.
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'

const outdir = fileURLToPath(new URL('../../src/rowgate/graphql/graphiql', import.meta.url))

await build({
  entryPoints: {
    main: 'main.jsx',
    'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
    'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
    'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
  },
  absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
  outdir,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.ttf': 'file' },
  assetNames: '[name]',
  legalComments: 'external',
  logLevel: 'warning',
})
