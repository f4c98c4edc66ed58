// Calls wxgate with a signed request: Go's standard library.
//
//	WXGATE_URL=http://127.0.0.1:8080 WXGATE_KEY=wxg_blog_… go run sign.go
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

// sign adds the headers of a signature over the request and its body.
func sign(request *http.Request, body []byte, key string) {
	sum := sha256.Sum256(body)
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		log.Fatal(err)
	}
	path := request.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	params := fmt.Sprintf(
		`("@method" "@path" "@query" "content-digest");created=%d;nonce="%s";keyid="%s";alg="hmac-sha256"`,
		time.Now().Unix(), hex.EncodeToString(nonce), strings.Split(key, "_")[1],
	)
	base := strings.Join([]string{
		`"@method": ` + request.Method,
		`"@path": ` + path,
		`"@query": ?` + request.URL.RawQuery,
		`"content-digest": ` + digest,
		`"@signature-params": ` + params,
	}, "\n")
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(base))
	signature := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	request.Header.Set("Content-Digest", digest)
	request.Header.Set("Signature-Input", "sig1="+params)
	request.Header.Set("Signature", "sig1=:"+signature+":")
}

func main() {
	url := strings.TrimSuffix(os.Getenv("WXGATE_URL"), "/") + "/v1/render?from=go"
	body := []byte(`{"markdown": "你好，**签名**"}`)
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	sign(request, body, os.Getenv("WXGATE_KEY"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
}
