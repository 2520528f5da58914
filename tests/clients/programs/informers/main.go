// informers: follows ConfigMaps with client-go's typed, dynamic and metadata informers at once, changes them, and says
// whether the three saw the same end. JSON, or protobuf where the client can speak it (-protobuf).
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const namespace, count = "default", 40

var configMaps = corev1.SchemeGroupVersion.WithResource("configmaps")

func main() {
	kubeconfig := flag.String("kubeconfig", "", "the cluster")
	protobuf := flag.Bool("protobuf", false, "speak protobuf")
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	must(err)
	config.QPS = -1
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	typed := kubernetes.NewForConfigOrDie(encoded(config, *protobuf))
	followers := start(ctx, config, typed)
	change(ctx, typed)
	for name, follower := range followers {
		err := wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(context.Context) (bool, error) {
			return matches(follower), nil
		})
		if err != nil {
			log.Fatalf("the %s informer holds %v", name, follower.ListKeys())
		}
		fmt.Println(name, "informer agrees")
	}
}

func encoded(config *rest.Config, protobuf bool) *rest.Config {
	if !protobuf {
		return config
	}
	config = rest.CopyConfig(config)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	return config
}

func start(ctx context.Context, config *rest.Config, typed kubernetes.Interface) map[string]cache.Store {
	everything := informers.NewSharedInformerFactory(typed, 0)
	untyped := dynamicinformer.NewDynamicSharedInformerFactory(dynamic.NewForConfigOrDie(config), 0)
	partial := metadatainformer.NewSharedInformerFactory(metadata.NewForConfigOrDie(config), 0)
	found := map[string]cache.SharedIndexInformer{
		"typed":    everything.Core().V1().ConfigMaps().Informer(),
		"dynamic":  untyped.ForResource(configMaps).Informer(),
		"metadata": partial.ForResource(configMaps).Informer(),
	}
	stores := map[string]cache.Store{}
	for name, informer := range found {
		go informer.Run(ctx.Done())
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			log.Fatalf("the %s informer never had all", name)
		}
		stores[name] = informer.GetStore()
	}
	return stores
}

// change makes maps, labels every second one and deletes every third.
func change(ctx context.Context, client kubernetes.Interface) {
	maps := client.CoreV1().ConfigMaps(namespace)
	for i := range count {
		made, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: nameOf(i)}}, metav1.CreateOptions{})
		must(err)
		if i%2 == 0 {
			made.Labels = map[string]string{"changed": "yes"}
			_, err = maps.Update(ctx, made, metav1.UpdateOptions{})
			must(err)
		}
		if i%3 == 0 {
			must(maps.Delete(ctx, made.Name, metav1.DeleteOptions{}))
		}
	}
}

func matches(store cache.Store) bool {
	for i := range count {
		item, there, _ := store.GetByKey(namespace + "/" + nameOf(i))
		if there == (i%3 == 0) {
			return false
		}
		if there && (item.(metav1.Object).GetLabels()["changed"] == "yes") != (i%2 == 0) {
			return false
		}
	}
	return true
}

func nameOf(i int) string { return fmt.Sprintf("followed-%02d", i) }

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
