package dev.dejavu.cache;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.stereotype.Component;

/**
 * Puts the layers around every repository in the context.
 */
@Component
class Layers implements BeanPostProcessor {

    private final ObjectProvider<RepositoryLayer> layers;

    Layers(ObjectProvider<RepositoryLayer> layers) {
        this.layers = layers;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        return (bean instanceof CacheRepository<?> repository) ? layered(repository) : bean;
    }

    private <E extends CacheEntry> CacheRepository<E> layered(CacheRepository<E> repository) {
        CacheRepository<E> layered = repository;
        for (RepositoryLayer layer : layers.orderedStream().toList()) {
            layered = layer.around(layered);
        }
        return layered;
    }

}
