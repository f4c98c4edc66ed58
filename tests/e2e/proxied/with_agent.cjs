// https-proxy-agent, which axios, node-fetch, got and others are given; npm has it for itself.
const https = require('node:https')
const { HttpsProxyAgent } = require(process.env.AGENT)

const agent = new HttpsProxyAgent(process.env.HTTPS_PROXY, { keepAlive: true })

function call(path, body) {
  return new Promise((resolve, reject) => {
    const options = { agent, method: body ? 'POST' : 'GET' }
    https
      .request(`https://api.weixin.qq.com/cgi-bin${path}`, options, async (answer) => {
        const pieces = []
        for await (const piece of answer) pieces.push(piece)
        resolve(Buffer.concat(pieces).toString())
      })
      .on('error', reject)
      .end(body)
  })
}

async function main() {
  const query = `grant_type=client_credential&appid=${process.env.APP_ID}&secret=made-up`
  const token = JSON.parse(await call(`/token?${query}`)).access_token
  console.log(await call(`/draft/add?access_token=${token}`, process.env.DRAFT))
  agent.destroy()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
