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

const EXAMPLE = `# Rowgate's GraphQL, as your role sees the database.
#
# Headers, below, say who asks: put a token of your identity provider there,
#   "Authorization": "Bearer eyJ…"
# and the schema on the left becomes that role's. Introspection is off until
# the schema's comment or the setting graphql.introspection turns it on.
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
