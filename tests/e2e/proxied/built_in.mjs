// Node's own http, https and tls: CONNECT by hand, as agents for proxies do it.
import http from 'node:http'
import https from 'node:https'
import tls from 'node:tls'

const HOST = 'api.weixin.qq.com'
const proxy = new URL(process.env.HTTPS_PROXY)
const said = Buffer.from(`${proxy.username}:${proxy.password}`).toString('base64')

function opened() {
  return new Promise((resolve, reject) => {
    const headers = { Host: `${HOST}:443`, 'Proxy-Authorization': `Basic ${said}` }
    const { hostname: host, port } = proxy
    http
      .request({ host, port, method: 'CONNECT', path: `${HOST}:443`, headers })
      .on('connect', (answer, socket) => {
        if (answer.statusCode !== 200) return reject(new Error(answer.statusMessage))
        const secure = tls.connect({ socket, servername: HOST }, () => resolve(secure))
        secure.on('error', reject)
      })
      .on('error', reject)
      .end()
  })
}

async function call(path, body) {
  const socket = await opened()
  return new Promise((resolve, reject) => {
    const options = { host: HOST, path, method: body ? 'POST' : 'GET', createConnection: () => socket }
    https
      .request(options, async (answer) => {
        const pieces = []
        for await (const piece of answer) pieces.push(piece)
        resolve(Buffer.concat(pieces).toString())
      })
      .on('error', reject)
      .end(body)
  })
}

const query = `grant_type=client_credential&appid=${process.env.APP_ID}&secret=made-up`
const token = JSON.parse(await call(`/cgi-bin/token?${query}`)).access_token
console.log(await call(`/cgi-bin/draft/add?access_token=${token}`, process.env.DRAFT))
