// GraphiQL against the server that the page comes from: same address, so there is nothing to configure.
import React from 'react'
import { createRoot } from 'react-dom/client'
import { GraphiQL } from 'graphiql'
import { createGraphiQLFetcher } from '@graphiql/toolkit'
import 'graphiql/style.css'

const { endpoint, apikey } = document.getElementById('graphiql').dataset

// Monaco's workers are built beside this file; the page's policy allows scripts of its own origin alone.
const WORKERS = { json: 'json.worker.js', graphql: 'graphql.worker.js' }
globalThis.MonacoEnvironment = {
  getWorker: (_, label) => new Worker(`${endpoint}/graphiql/${WORKERS[label] ?? 'editor.worker.js'}`),
}

const EXAMPLE = `# What your role sees of the database.
#
# The headers below say who asks. Add
#   "Authorization": "Bearer eyJ…"
# with a token of your identity provider,
# then re-fetch the schema (lower left).
#
# No schema? Introspection is opt-in: see
# graphql.introspection in the settings.
#
# Ctrl-Enter runs the query.

{
  __typename
}
`

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={createGraphiQLFetcher({ url: endpoint, headers: { accept: 'application/graphql-response+json, application/json' } })}
    defaultQuery={EXAMPLE}
    defaultHeaders={JSON.stringify({ apikey }, null, 2)}
    isHeadersEditorEnabled
    shouldPersistHeaders={false}
    defaultEditorToolsVisibility="headers"
  />,
)
